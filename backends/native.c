/* SPDX-License-Identifier: BSD-3-Clause */

/* The platform's malloc with its own size query: there is no prefix, and the bytes that malloc adds
 * by rounding are usable and counted. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "os/c_malloc.h"
#include "platform.h"

#if defined(__APPLE__)
#include <malloc/malloc.h>
#define SIZE_QUERY malloc_size
#define SIZE_QUERY_NAME "malloc_size"
#else
#if defined(__FreeBSD__)
#include <malloc_np.h>
#else
#include <malloc.h>
#endif
#define SIZE_QUERY malloc_usable_size
#define SIZE_QUERY_NAME "malloc_usable_size"
#endif

#ifdef ZM_BEHIND_PRELOAD
#undef SIZE_QUERY
#define SIZE_QUERY zm_c_malloc.usable_size
#endif

/* Its parameter is not const everywhere. */
ZM_INLINE size_t size_query(const void *ptr)
{
    return SIZE_QUERY((void *)(uintptr_t)ptr);
}

/*
 * glibc's calloc clears the whole block, with any of its tunables set. A calloc that replaces it
 * may clear only what was asked for, which is all that ISO C requires; glibc's own
 * libc_malloc_debug.so does.
 */
void *calloc_of_glibc(size_t num, size_t size) __asm__("__libc_calloc") __attribute__((weak));

/* Not inlined: otherwise the compiler assumes that the block ends where the request did. */
static __attribute__((noinline)) void clear(char *begin, const char *end)
{
    memset(begin, 0, (size_t)(end - begin));
}

static void *calloc_and_clear(size_t num, size_t size)
{
    char *ptr = ZM_C_MALLOC(calloc)(num, size);

    if (ptr != NULL && size_query(ptr) > num * size)
        clear(ptr + num * size, ptr + size_query(ptr));
    return ptr;
}

/* A call through it takes as many instructions as a call of another library's function. */
static void *(*clearing_calloc)(size_t num, size_t size) = calloc_and_clear;

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
    return report(ZM_C_MALLOC(malloc)(size), usable);
}

static void *native_calloc(size_t size, size_t *usable)
{
    return report(clearing_calloc(1, size), usable);
}

static void *native_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    size_t old = size_query(ptr);
    void *moved = ZM_C_MALLOC(realloc)(ptr, size);

    if (moved != NULL)
        *old_usable = old;
    return report(moved, usable);
}

static void *native_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    void *ptr = NULL;

    return ZM_C_MALLOC(posix_memalign)(&ptr, alignment, size) == 0 ? report(ptr, usable) : NULL;
}

#ifdef ZM_BEHIND_PRELOAD
static void native_release(void *ptr)
{
    zm_c_malloc.free(ptr);
}
#else
#define native_release free
#endif

static size_t native_free(void *ptr)
{
    size_t usable = size_query(ptr);

    ZM_C_MALLOC(free)(ptr);
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

/* ---- Starting ---- */

static char why_not[ZM_WHY_SIZE];

/* More than any allocator adds to a small block, and less than what a query returns that finds no
 * size. */
#define SPARE_MAX ((size_t)256 << 10)
#define TRIED 8

/* 0 means unknown: a preloaded tcmalloc knows sizes only after its constructor has run, which may
 * be after ours. */
static bool is_size_of(size_t told, size_t size)
{
    return told == 0 || (told >= size && told <= size + SPARE_MAX);
}

/* Tries adjacent blocks, filled with ones and zeros: what the query reads before a block may be the
 * contents of the previous one. */
static bool tells_sizes_of(size_t size)
{
    void *tried[TRIED];
    size_t told = size;

    for (size_t i = 0; i < TRIED; i++) {
        tried[i] = zm_c_malloc.malloc(size);
        if (tried[i] != NULL)
            memset(tried[i], i % 2 == 0 ? 0xff : 0, size);
    }
    for (size_t i = 0; i < TRIED && is_size_of(told, size); i++)
        if (tried[i] != NULL)
            told = size_query(tried[i]);
    for (size_t i = 0; i < TRIED; i++)
        zm_c_malloc.free(tried[i]);
    if (is_size_of(told, size))
        return true;
    /* GCOVR_EXCL_START: no malloc at hand has a wrong size query of its own */
    snprintf(why_not, sizeof why_not,
             SIZE_QUERY_NAME " says that a block of %zu bytes has %zu; take libc", size, told);
    return false;
    /* GCOVR_EXCL_STOP */
}

/*
 * A preloaded library may have replaced malloc() but not the size query. Then we must not call the
 * query even once: it looks for a size before the block and follows what it finds there.
 */
static bool is_of_malloc(void)
{
    struct zm_where of_malloc, query;

    if (zm_platform_are_together((void *)(uintptr_t)zm_c_malloc.malloc,
                                 (void *)(uintptr_t)zm_c_malloc.usable_size, &of_malloc, &query))
        return true;
    snprintf(why_not, sizeof why_not,
             "malloc is that of %.50s, but " SIZE_QUERY_NAME
             " that of %.50s, which does not know its "
             "blocks; take libc",
             of_malloc.name, query.name);
    return false;
}

static int native_start(const char **why)
{
    static const size_t sizes[] = {1, 24, 100, 1000};
    bool right = is_of_malloc();

    for (size_t i = 0; right && i < sizeof sizes / sizeof *sizes; i++)
        right = tells_sizes_of(sizes[i]);
    if (calloc_of_glibc != NULL && zm_c_malloc.calloc == calloc_of_glibc)
        clearing_calloc = zm_c_malloc.calloc;
    *why = why_not;
    return right ? 0 : ENOTSUP;
}

static const struct zmalloc_backend native_backend = {
    .struct_size = sizeof(struct zmalloc_backend),
    .abi_version = ZMALLOC_BACKEND_ABI,
    .name = "native",
    .free_keeps_errno = 1, /* glibc since 2.33, musl, FreeBSD; POSIX 2024 requires it */
    .alloc = native_alloc,
    .calloc = native_calloc,
    .realloc = native_realloc,
    .aligned_alloc = native_aligned_alloc,
    .free = native_free,
    .free_sized = native_free_sized,
    .usable_size = native_usable_size,
    .release = native_release,
    .start = native_start,
    .version = zm_platform_version,
    .purge = zm_platform_purge,
};

static const struct zmalloc_backend *const core_backend = &native_backend;

#include "core.h"

ZM_INSTANCE(native);
