/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ADAPTERS_SUPPORT_H
#define ADAPTERS_SUPPORT_H

/*
 * What the tests of the adapters share. Each program runs on each backend, and once more with the
 * layer "fail" over it, where the library runs out of memory, too.
 */

#include "support.h"
#include "zmalloc_fail.h"

/*
 * Does something with the library and takes all of it back. Returns whether it came to its end,
 * that is, the library did not report that there is no memory.
 */
typedef bool (*library_work)(void);

/* Skips the case where requests cannot be made to fail. To be called before it takes anything. */
void need_fail_layer(void);

/*
 * Makes the first request and all after it fail, then the second and all after it, and so on, until
 * the work needs no more requests than it gets. Each time used memory has to be what it was before,
 * and the out-of-memory handler is never called.
 */
void fails_cleanly(library_work work);

/* The same; from:N and nth:N decide whether the failures go on. */
void fails_cleanly_with(const char *rule, library_work work);

/* Sets an out-of-memory handler that ends the test. */
int forbid_oom_handler(void **state);

#endif
