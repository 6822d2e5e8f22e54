/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A foreign module with one thing wrong, or nothing; meson.build says what. Its operations are
 * never called.
 */

#include "zmalloc_backend.h"

#ifndef ABI
#define ABI ZMALLOC_BACKEND_ABI
#endif
#ifndef STRUCT_SIZE
#define STRUCT_SIZE sizeof(struct zmalloc_backend)
#endif
#ifndef ALLOC
#define ALLOC alloc
#endif
#ifndef PREFIX_SIZE
#define PREFIX_SIZE 0
#endif
#ifndef START
#define START NULL
#endif

static void *alloc(size_t size, size_t *usable)
{
    (void)size;
    (void)usable;
    return NULL;
}

static void *resize(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    (void)ptr;
    (void)old_usable;
    return alloc(size, usable);
}

static void *aligned_alloc_none(size_t alignment, size_t size, size_t *usable)
{
    (void)alignment;
    return alloc(size, usable);
}

static size_t release(void *ptr)
{
    (void)ptr;
    return 0;
}

static size_t release_sized(void *ptr, size_t size)
{
    (void)ptr;
    return size;
}

static size_t size_of(const void *ptr)
{
    (void)ptr;
    return 0;
}

/* Each of these is the start of one module. */
int absent(const char **why);

__attribute__((unused)) static int fails(const char **why)
{
    *why = "it never does";
    return 42;
}

__attribute__((unused)) static int fails_silently(const char **why)
{
    (void)why;
    return 43;
}

const struct zmalloc_backend zmalloc_backend_module = {
    .struct_size = STRUCT_SIZE,
    .abi_version = ABI,
    .name = NAME,
    .prefix_size = PREFIX_SIZE,
    .alloc = ALLOC,
    .calloc = alloc,
    .realloc = resize,
    .aligned_alloc = aligned_alloc_none,
    .free = release,
    .free_sized = release_sized,
    .usable_size = size_of,
    .start = START,
};
