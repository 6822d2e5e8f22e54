/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_FAIL_H
#define ZMALLOC_FAIL_H

/*
 * For tests of programs: makes requests for memory fail, by rules that a test may change as it
 * goes. The backend must have the layer "fail": ZMALLOC_BACKEND or zmalloc_init() names it
 * ("fail+libc"), or ZMALLOC_FAIL is set. docs/failing.md shows how to use it.
 *
 * What zmalloc.h says at its top about threads, fork and signals is true here, too.
 */

#include "zmalloc.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Replaces the rules and starts counting requests from 0. The form is that of ZMALLOC_FAIL:
 * "nth:3", "from:100,size>=64k"; with NULL or "" nothing fails. Requests that other threads make
 * during the call may be judged by some of the old rules and some of the new. Chooses a backend if
 * none is active. Returns 0, or -1 with errno
 *   EINVAL   a rule is invalid or given twice; the old rules stay,
 *   ENOTSUP  the active backend does not have the layer.
 */
ZMALLOC_API int zmalloc_fail(const char *rules) ZMALLOC_SYMBOL(zmalloc_fail);

/*
 * How many requests were counted since the rules were set, and how many of those have failed. A
 * request is an allocation or reallocation, by any thread, that reaches the allocator. One that
 * fails before, such as a size of SIZE_MAX/2 or more, does not count, nor does one that a rule
 * size>=S leaves out. A forked child continues from the counts of its parent. 0 without the layer.
 */
ZMALLOC_API size_t zmalloc_fail_requests(void) ZMALLOC_SYMBOL(zmalloc_fail_requests);
ZMALLOC_API size_t zmalloc_fail_failures(void) ZMALLOC_SYMBOL(zmalloc_fail_failures);

#ifdef __cplusplus
}
#endif

#endif
