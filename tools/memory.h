/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_MEMORY_H
#define TOOLS_MEMORY_H

#include <stddef.h>

/*
 * Memory of the C library, zeroed; where there is none the command ends. It is not zmalloc's, since
 * that would choose a backend by the variables that are meant for other programs.
 */
void *allocate(size_t num, size_t size) __attribute__((malloc, returns_nonnull));

/* A copy of the text, at most length bytes of it. */
char *copy_text(const char *text, size_t length) __attribute__((returns_nonnull));

/*
 * The same in pages that no child gets: what a child has before it executes its program counts as
 * the most it ever had. Given back with release_unshared().
 */
void *allocate_unshared(size_t size) __attribute__((returns_nonnull));
void release_unshared(void *block, size_t size);

#endif
