/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef USES_H
#define USES_H

/* What a program may do with a pointer to a block, for tests of pointers to none. */

#include <stddef.h>

/* Of the blocks, where a use has to know it. */
#define SIZE ((size_t)100)

/* Its result goes where no compiler can know that nobody looks. */
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
