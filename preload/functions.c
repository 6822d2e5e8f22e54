/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The C library's functions. They behave as those of the C library that the program runs on, not as
 * Redis's: realloc() of a size that nothing can have keeps the block, realloc() to 0 does what it
 * does there, and alignments are as odd as it allows.
 */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "arena.h"
#include "base.h"
#include "functions.h"
#include "table.h"

/* ISO C allows no object that is larger. */
#define SIZE_MAX_OF_BLOCK ((size_t)PTRDIFF_MAX)

static void *refuse(int error)
{
    errno = error;
    return NULL;
}

/* ---- ISO C ---- */

ZMALLOC_API void *malloc(size_t size)
{
    return ZM_MALLOC(malloc)(size);
}

ZMALLOC_API void *calloc(size_t nmemb, size_t size)
{
    size_t total;

    if (ZM_UNLIKELY(__builtin_mul_overflow(nmemb, size, &total)))
        return refuse(ENOMEM);
    return ZM_MALLOC(calloc)(total);
}

ZMALLOC_API void free(void *ptr)
{
    if (!zm_arena_has(ptr))
        ZM_MALLOC(free)(ptr);
}

static ZM_COLD void *move_from_arena(void *ptr, size_t size)
{
    size_t old = zm_arena_usable_size(ptr);
    void *moved = malloc(size);

    return moved != NULL ? memcpy(moved, ptr, old < size ? old : size) : NULL;
}

/* musl returns a block of its smallest size, as malloc(0) does. */
static ZM_COLD void *realloc_to_nothing(void *ptr)
{
#ifdef __GLIBC__
    free(ptr);
    return NULL;
#else
    return realloc(ptr, 1);
#endif
}

ZMALLOC_API void *realloc(void *ptr, size_t size)
{
    if (ZM_UNLIKELY(ptr == NULL))
        return malloc(size);
    if (ZM_UNLIKELY(size == 0))
        return realloc_to_nothing(ptr);
    if (ZM_UNLIKELY(size > SIZE_MAX_OF_BLOCK))
        return refuse(ENOMEM);
    if (zm_arena_has(ptr))
        return move_from_arena(ptr, size);
    return ZM_MALLOC(realloc)(ptr, size);
}

/* The size is the C library's business in ISO C, and nobody's in practice: programs pass wrong ones,
 * which it ignores. */
ZMALLOC_API void free_sized(void *ptr, size_t size)
{
    (void)size;
    free(ptr);
}

ZMALLOC_API void free_aligned_sized(void *ptr, size_t alignment, size_t size)
{
    (void)alignment;
    (void)size;
    free(ptr);
}

/* ---- With an alignment ---- */

static bool is_power_of_two(size_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

/* Any alignment up to the largest power of two, as in glibc's memalign(). */
static void *allocate_rounded(size_t alignment, size_t size)
{
    size_t rounded = sizeof(void *);

    if (alignment > SIZE_MAX / 2 + 1)
        return refuse(EINVAL);
    while (rounded < alignment)
        rounded *= 2;
    return zm_preload_aligned(rounded, size);
}

void *zm_preload_aligned(size_t alignment, size_t size)
{
    if (size > SIZE_MAX_OF_BLOCK || alignment > SIZE_MAX_OF_BLOCK - size)
        return refuse(ENOMEM);
    return ZM_MALLOC(aligned)(alignment, size);
}

#ifdef __GLIBC__

ZMALLOC_API void *memalign(size_t alignment, size_t size)
{
    return allocate_rounded(alignment, size);
}

/* Since 2.38 glibc has refused what ISO C does. Before that it was memalign(). */
static bool aligned_alloc_is_strict(void)
{
    const char *version = gnu_get_libc_version();
    char *end;
    unsigned long major = strtoul(version, &end, 10);
    unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;

    return major > 2 || minor >= 38;
}

#else

static bool aligned_alloc_is_strict(void)
{
    return true;
}

ZMALLOC_API void *memalign(size_t alignment, size_t size)
{
    return aligned_alloc(alignment, size);
}

#endif

ZMALLOC_API void *aligned_alloc(size_t alignment, size_t size)
{
    if (ZM_LIKELY(is_power_of_two(alignment)))
        return zm_preload_aligned(alignment, size);
    return aligned_alloc_is_strict() ? refuse(EINVAL) : allocate_rounded(alignment, size);
}

/* It does not set errno. */
ZMALLOC_API int posix_memalign(void **ptr, size_t alignment, size_t size)
{
    int saved_errno = errno;
    void *aligned;

    if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0)
        return EINVAL;
    aligned = zm_preload_aligned(alignment, size);
    errno = saved_errno;
    if (aligned == NULL)
        return ENOMEM;
    *ptr = aligned;
    return 0;
}

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

ZMALLOC_API void *valloc(size_t size)
{
    return zm_preload_aligned(page_size(), size);
}

ZMALLOC_API void *pvalloc(size_t size)
{
    size_t page = page_size();

    if (size > SIZE_MAX_OF_BLOCK - page)
        return refuse(ENOMEM);
    return zm_preload_aligned(page, (size + page - 1) & ~(page - 1));
}

/* ---- Others ---- */

ZMALLOC_API void *reallocarray(void *ptr, size_t nmemb, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(nmemb, size, &total))
        return refuse(ENOMEM);
    return realloc(ptr, total);
}

ZMALLOC_API void cfree(void *ptr)
{
    free(ptr);
}

ZMALLOC_API size_t malloc_usable_size(void *ptr)
{
    if (ptr == NULL)
        return 0;
    return zm_arena_has(ptr) ? zm_arena_usable_size(ptr) : ZM_MALLOC(usable_size)(ptr);
}
