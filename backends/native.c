/* SPDX-License-Identifier: BSD-3-Clause */

/* The platform's malloc with its own size query: no prefix, and the bytes it rounds up to are
 * usable and counted. */

#include <stdlib.h>

#include "internal.h"
#include "platform.h"

#if defined(__APPLE__)
#include <malloc/malloc.h>
#define size_query malloc_size
#else
#if defined(__FreeBSD__)
#include <malloc_np.h>
#else
#include <malloc.h>
#endif
/* Its parameter is not const everywhere. */
#define size_query(ptr) malloc_usable_size((void *)(uintptr_t)(ptr))
#endif

static void *report(void *ptr, size_t *usable)
{
    if (ZM_LIKELY(ptr != NULL)) {
        *usable = size_query(ptr);
        ZM_ASSUME(*usable != 0);
    }
    return ptr;
}

static void *native_alloc(size_t size, size_t *usable)
{
    return report(malloc(size), usable);
}

static void *native_calloc(size_t size, size_t *usable)
{
    return report(calloc(1, size), usable);
}

static void *native_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    size_t old = size_query(ptr);
    void *moved = realloc(ptr, size);

    if (moved != NULL)
        *old_usable = old;
    return report(moved, usable);
}

static void *native_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    void *ptr = NULL;

    return posix_memalign(&ptr, alignment, size) == 0 ? report(ptr, usable) : NULL;
}

static size_t native_free(void *ptr)
{
    size_t usable = size_query(ptr);

    free(ptr);
    return usable;
}

static size_t native_free_sized(void *ptr, size_t size)
{
    (void)size;
    return native_free(ptr);
}

static size_t native_usable_size(const void *ptr)
{
    return size_query(ptr);
}

static const struct zmalloc_backend native_backend = {
    .struct_size = sizeof(struct zmalloc_backend),
    .abi_version = ZMALLOC_BACKEND_ABI,
    .name = "native",
    .free_keeps_errno = 1, /* glibc since 2.33, musl, FreeBSD; POSIX 2024 asks it of all */
    .alloc = native_alloc,
    .calloc = native_calloc,
    .realloc = native_realloc,
    .aligned_alloc = native_aligned_alloc,
    .free = native_free,
    .free_sized = native_free_sized,
    .usable_size = native_usable_size,
    .release = free,
    .version = zm_platform_version,
    .allocator_info = zm_platform_allocator_info,
    .purge = zm_platform_purge,
};

static const struct zmalloc_backend *const core_backend = &native_backend;

#include "core.h"

ZM_INSTANCE(native);
