/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A complete small backend, as a separate module: libzmalloc-toy.so. Each block has a header with
 * its length and the start of its memory. It uses nothing of zmalloc but the header
 * zmalloc_backend.h. CONTRIBUTING.md turns it into a backend in the tree.
 */

#include <stdlib.h>
#include <string.h>

#include "zmalloc_backend.h"

struct header {
    _Alignas(16) void *base; /* what malloc gave */
    size_t size;
};

static struct header *header_of(const void *ptr)
{
    return (struct header *)(uintptr_t)ptr - 1;
}

/* The block in the memory at base, which has room for the header, the alignment and the size. */
static void *place(void *base, size_t alignment, size_t size, size_t *usable)
{
    uintptr_t address = (uintptr_t)base + sizeof(struct header);
    void *ptr = (void *)((address + alignment - 1) & ~(uintptr_t)(alignment - 1));

    *header_of(ptr) = (struct header){.base = base, .size = size};
    *usable = size;
    return ptr;
}

static void *toy_alloc(size_t size, size_t *usable)
{
    void *base = malloc(sizeof(struct header) + size);

    return base != NULL ? place(base, 16, size, usable) : NULL;
}

static void *toy_calloc(size_t size, size_t *usable)
{
    void *base = calloc(1, sizeof(struct header) + size);

    return base != NULL ? place(base, 16, size, usable) : NULL;
}

static void *toy_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    void *base = malloc(sizeof(struct header) + alignment + size);

    return base != NULL ? place(base, alignment, size, usable) : NULL;
}

static size_t toy_usable_size(const void *ptr)
{
    return header_of(ptr)->size;
}

static size_t toy_free(void *ptr)
{
    size_t size = toy_usable_size(ptr);

    free(header_of(ptr)->base);
    return size;
}

static size_t toy_free_sized(void *ptr, size_t size)
{
    (void)size;
    return toy_free(ptr);
}

static void *toy_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    size_t old_size = toy_usable_size(ptr);
    void *moved = toy_alloc(size, usable);

    if (moved != NULL) {
        memcpy(moved, ptr, size < old_size ? size : old_size);
        *old_usable = toy_free(ptr);
    }
    return moved;
}

static const char *toy_version(void)
{
    return "1.0";
}

const struct zmalloc_backend zmalloc_backend_module = {
    .struct_size = sizeof(struct zmalloc_backend),
    .abi_version = ZMALLOC_BACKEND_ABI,
    .name = "toy",
    .prefix_size = sizeof(struct header),
    .alloc = toy_alloc,
    .calloc = toy_calloc,
    .realloc = toy_realloc,
    .aligned_alloc = toy_aligned_alloc,
    .free = toy_free,
    .free_sized = toy_free_sized,
    .usable_size = toy_usable_size,
    .version = toy_version,
};
