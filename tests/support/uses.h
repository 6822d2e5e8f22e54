/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef USES_H
#define USES_H

/* What a program may do with a pointer to a block, for tests of invalid pointers. */

#include <stddef.h>

/* The size of the blocks, if a use has to know it. */
#define SIZE ((size_t)100)

/* Stores the result, so the compiler cannot drop the call. */
extern volatile size_t ignored;

void use_free(void *ptr);
void use_realloc(void *ptr);
void use_size(void *ptr);

#define USES 7
extern const struct use {
    const char *name; /* as a message calls it */
    void (*call)(void *ptr);
} uses[USES];

#endif
