/* SPDX-License-Identifier: BSD-3-Clause */

/* mimalloc 2. Sizes are asked of the block: mi_good_size() tells them only up to 128 KiB and never
 * for aligned blocks. */

#include <mimalloc.h>
#include <stdio.h>

#include "internal.h"

static void *report(void *ptr, size_t *usable)
{
    if (ptr != NULL)
        *usable = mi_usable_size(ptr);
    return ptr;
}

static void *mimalloc_alloc(size_t size, size_t *usable)
{
    return report(mi_malloc(size), usable);
}

static void *mimalloc_calloc(size_t size, size_t *usable)
{
    return report(mi_zalloc(size), usable);
}

static void *mimalloc_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    size_t old = mi_usable_size(ptr);
    void *moved = mi_realloc(ptr, size);

    if (moved != NULL)
        *old_usable = old;
    return report(moved, usable);
}

static void *mimalloc_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    return report(mi_malloc_aligned(size, alignment), usable);
}

static size_t mimalloc_free(void *ptr)
{
    size_t usable = mi_usable_size(ptr);

    mi_free(ptr);
    return usable;
}

static size_t mimalloc_free_sized(void *ptr, size_t size)
{
    (void)size;
    return mimalloc_free(ptr);
}

static size_t mimalloc_usable_size(const void *ptr)
{
    return mi_usable_size(ptr);
}

static char version[16];

/* 209 is 2.0.9. */
static int mimalloc_start(const char **why)
{
    int number = mi_version();

    (void)why;
    snprintf(version, sizeof version, "%d.%d.%d", number / 100, number / 10 % 10, number % 10);
    return 0;
}

static const char *mimalloc_version(void)
{
    return version;
}

/* It counts what it has committed; what of that is resident or in blocks it does not tell. */
static void mimalloc_allocator_info(size_t *allocated, size_t *active, size_t *resident,
                                    size_t *retained, size_t *muzzy)
{
    (void)allocated;
    (void)resident;
    (void)retained;
    (void)muzzy;
    mi_process_info(NULL, NULL, NULL, NULL, NULL, active, NULL, NULL);
}

static int mimalloc_purge(void)
{
    mi_collect(true);
    return 0;
}

static const struct zmalloc_backend mimalloc_backend = {
    .abi_version = ZMALLOC_BACKEND_ABI,
    .name = "mimalloc",
    .alloc = mimalloc_alloc,
    .calloc = mimalloc_calloc,
    .realloc = mimalloc_realloc,
    .aligned_alloc = mimalloc_aligned_alloc,
    .free = mimalloc_free,
    .free_sized = mimalloc_free_sized,
    .usable_size = mimalloc_usable_size,
    .start = mimalloc_start,
    .version = mimalloc_version,
    .allocator_info = mimalloc_allocator_info,
    .purge = mimalloc_purge,
};

static const struct zmalloc_backend *const core_backend = &mimalloc_backend;

#include "core.h"

ZM_INSTANCE(mimalloc);
