/* SPDX-License-Identifier: BSD-3-Clause */

/* Only for scripts/coverage.sh: part of every program and shared object of that build, because each
 * has its own hidden copy of gcc's runtime. */

#include <pthread.h>

#include "endings.h"

void __gcov_dump(void);
void __gcov_reset(void);

/*
 * After fork, the child's counters are as they happened to be in other threads' functions, so it
 * resets them. With the priority of gcc's own constructors this comes before the library's
 * constructors, which may end the process and register fork handlers themselves.
 */
__attribute__((constructor(100))) static void register_counters(void)
{
    coverage_register(__gcov_dump);
    pthread_atfork(NULL, NULL, __gcov_reset);
}
