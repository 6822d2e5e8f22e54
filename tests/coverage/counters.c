/* SPDX-License-Identifier: BSD-3-Clause */

/* For scripts/coverage.sh alone, in every program and shared object of that build: gcc's runtime is
 * in each of them once more, and hidden. */

#include <pthread.h>

#include "endings.h"

void __gcov_dump(void);
void __gcov_reset(void);

/*
 * In a child of fork the counters stand as they happened to in the functions of other threads: it
 * begins anew. With the priority of gcc's own constructors all that is before the library's, which
 * may end the process, and which watch fork themselves.
 */
__attribute__((constructor(100))) static void register_counters(void)
{
    coverage_register(__gcov_dump);
    pthread_atfork(NULL, NULL, __gcov_reset);
}
