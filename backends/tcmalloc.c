/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * tcmalloc of gperftools. tc_free_sized() is not used: for a page-aligned block 2.10 puts a span of
 * pages into a list of small blocks, and it is slower than tc_free() besides.
 */

#include <errno.h>
#include <gperftools/malloc_extension_c.h>
#include <gperftools/tcmalloc.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* Its parameter is not const. */
static size_t size_query(const void *ptr)
{
    return tc_malloc_size((void *)(uintptr_t)ptr);
}

static void *report(void *ptr, size_t *usable)
{
    if (ptr != NULL)
        *usable = size_query(ptr);
    return ptr;
}

static void *tcmalloc_alloc(size_t size, size_t *usable)
{
    return report(tc_malloc(size), usable);
}

static void *tcmalloc_calloc(size_t size, size_t *usable)
{
    return report(tc_calloc(1, size), usable);
}

static void *tcmalloc_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    size_t old = size_query(ptr);
    void *moved = tc_realloc(ptr, size);

    if (moved != NULL)
        *old_usable = old;
    return report(moved, usable);
}

static void *tcmalloc_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    return report(tc_memalign(alignment, size), usable);
}

static size_t tcmalloc_free(void *ptr)
{
    size_t usable = size_query(ptr);

    tc_free(ptr);
    return usable;
}

static size_t tcmalloc_free_sized(void *ptr, size_t size)
{
    (void)size;
    return tcmalloc_free(ptr);
}

static size_t tcmalloc_usable_size(const void *ptr)
{
    return size_query(ptr);
}

/* "gperftools 2.10": the number. */
static const char *tcmalloc_version(void)
{
    const char *whole = tc_version(NULL, NULL, NULL);
    const char *blank = strrchr(whole, ' ');

    return blank != NULL ? blank + 1 : whole;
}

static size_t property(const char *name)
{
    size_t value = 0;

    MallocExtension_GetNumericProperty(name, &value);
    return value;
}

/* heap_size leaves out what was given back to the system. */
static void tcmalloc_allocator_info(size_t *allocated, size_t *active, size_t *resident,
                                    size_t *retained, size_t *muzzy)
{
    (void)muzzy;
    *allocated = property("generic.current_allocated_bytes");
    *resident = property("generic.heap_size");
    *active = *resident - property("tcmalloc.pageheap_free_bytes");
    *retained = property("tcmalloc.pageheap_unmapped_bytes");
}

static int tcmalloc_purge(void)
{
    MallocExtension_ReleaseFreeMemory();
    return 0;
}

static const struct zmalloc_backend tcmalloc_backend = {
    .abi_version = ZMALLOC_BACKEND_ABI,
    .name = "tcmalloc",
    .alloc = tcmalloc_alloc,
    .calloc = tcmalloc_calloc,
    .realloc = tcmalloc_realloc,
    .aligned_alloc = tcmalloc_aligned_alloc,
    .free = tcmalloc_free,
    .free_sized = tcmalloc_free_sized,
    .usable_size = tcmalloc_usable_size,
    .version = tcmalloc_version,
    .allocator_info = tcmalloc_allocator_info,
    .purge = tcmalloc_purge,
};

static const struct zmalloc_backend *const core_backend = &tcmalloc_backend;

#include "core.h"

ZM_INSTANCE(tcmalloc);
