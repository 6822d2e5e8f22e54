/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_FAIL_H
#define ZMALLOC_FAIL_H

/*
 * For tests of programs: lets requests for memory fail, by rules that a test may change as it goes.
 * The layer "fail" must stand over the backend, because ZMALLOC_BACKEND or zmalloc_init() names it
 * ("fail+libc") or because ZMALLOC_FAIL is set. docs/failing.md shows how it is used.
 *
 * What zmalloc.h says at its top of threads, fork and signals holds here, too.
 */

#include "zmalloc.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Makes these the rules, in the place of those that were there, and starts to count requests anew.
 * The form is that of ZMALLOC_FAIL: "nth:3", "from:100,size>=64k"; NULL or "": nothing fails. What
 * other threads ask for meanwhile may be judged by some of the old rules and some of the new.
 * Chooses a backend if none is active. Returns 0, or -1 with errno
 *   EINVAL   one of the rules is none, or stands there twice; the old ones stay,
 *   ENOTSUP  the layer does not stand over the active backend.
 */
ZMALLOC_API int zmalloc_fail(const char *rules) ZMALLOC_SYMBOL(zmalloc_fail);

/*
 * How many requests were counted since the rules were made, and how many of those have failed. A
 * request is one that reaches the allocator, from any thread: the allocation or reallocation of a
 * block. What fails before, as a size from SIZE_MAX/2 on, is none, and nor is what a size>=S rule
 * leaves out. A forked child goes on from the counts of its parent, by itself. 0 without the layer.
 */
ZMALLOC_API size_t zmalloc_fail_requests(void) ZMALLOC_SYMBOL(zmalloc_fail_requests);
ZMALLOC_API size_t zmalloc_fail_failures(void) ZMALLOC_SYMBOL(zmalloc_fail_failures);

#ifdef __cplusplus
}
#endif

#endif
