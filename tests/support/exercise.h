/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef EXERCISE_H
#define EXERCISE_H

/*
 * Every allocating function on whatever backend is active, for use in a child: what is not as it
 * should be ends the process with a line on stderr and status 1.
 */

#include <stdbool.h>

#define check(condition) check_that(condition, #condition, __FILE__, __LINE__)
void check_that(bool right, const char *condition, const char *file, int line);

/* Each function with every corner of its contract that needs no lack of memory. */
void exercise_functions(void);
/* Blocks that one thread allocates and another reallocates or frees, in threads short and long. */
void exercise_threads(void);

#endif
