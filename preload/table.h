/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_PRELOAD_TABLE_H
#define ZM_PRELOAD_TABLE_H

/* What the functions of this library jump through: at first to functions that choose a backend, then
 * to that backend, as the library's own do (src/zmalloc.c). */

#include <stddef.h>

#include "sealed.h"

struct zm_malloc_entries {
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t size);
    void *(*realloc)(void *ptr, size_t size); /* no size is 0 or too large, no block NULL */
    void *(*aligned)(size_t alignment, size_t size);
    void (*free)(void *ptr);
    size_t (*usable_size)(const void *ptr);
};

union __attribute__((aligned(ZM_LARGEST_PAGE))) zm_malloc_table {
    struct zm_malloc_entries entries;
    char pages[ZM_LARGEST_PAGE];
};

extern union zm_malloc_table zm_malloc_table;

#define ZM_MALLOC(name) ZM_ENTRY(zm_malloc_table.entries.name)

#endif
