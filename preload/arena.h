/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_PRELOAD_ARENA_H
#define ZM_PRELOAD_ARENA_H

/*
 * Blocks from before there is a backend: of code that runs before the C library has an environment,
 * and of the libraries that are opened while a backend is chosen. They are known by their address
 * and never given back. tcmalloc needs the most, 94 KB for the C++ library.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZM_ARENA_SIZE ((size_t)1 << 20)

extern char zm_arena[ZM_ARENA_SIZE];

static inline bool zm_arena_has(const void *ptr)
{
    return __builtin_expect((uintptr_t)ptr - (uintptr_t)zm_arena < ZM_ARENA_SIZE, 0);
}

/* Zeroed. The alignment is a power of two. NULL if there is no room. From any thread. */
void *zm_arena_alloc(size_t alignment, size_t size);
/* Of a block of the arena. */
size_t zm_arena_usable_size(const void *ptr);

#endif
