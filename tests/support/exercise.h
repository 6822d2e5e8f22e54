/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef EXERCISE_H
#define EXERCISE_H

/*
 * Every allocating function on the active backend, for use in a child. What is wrong ends the
 * process with a line on stderr and status 1.
 */

#include <stdbool.h>

#define check(condition) check_that(condition, #condition, __FILE__, __LINE__)
void check_that(bool right, const char *condition, const char *file, int line);

/* Each function with every edge case of its contract that does not need memory to run out. */
void exercise_functions(void);
/* Blocks that one thread allocates and another reallocates or frees, in short-lived and long-lived
 * threads. */
void exercise_threads(void);

#endif
