/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FAILING_BACKEND_H
#define FAILING_BACKEND_H

/*
 * A backend that forwards to another one, runs out of memory when told to, and looks whether the
 * core keeps the promises of zmalloc_backend.h. It is for one thread at a time: its counters are
 * plain.
 */

#include <stdbool.h>
#include <stddef.h>

#include "zmalloc_backend.h"

#define FAILING_BACKEND_NAME "failing"

/* Registers it over the backend of that name, which zmalloc_init(FAILING_BACKEND_NAME) then starts
 * as well. Returns 0, or -1 with errno. */
int failing_backend_register(const char *base_name);

/*
 * From now on the request for memory number nth fails, counted from 1; and those after it too, if
 * forever. 0: none fails. A request is any call of alloc, calloc, realloc and aligned_alloc.
 */
void failing_backend_set(size_t nth, bool forever);

/* How many requests have failed since. */
size_t failing_backend_failures(void);

/* How often the core has broken a promise. */
size_t failing_backend_broken_promises(void);

#endif
