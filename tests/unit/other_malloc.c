/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * For LD_PRELOAD: a malloc with its own header before each block, and memory that is full of 0xff
 * and never reused. It has no malloc_usable_size(), like some tools that watch malloc; with
 * WITH_SIZES it has one, and a calloc that clears only what was asked for.
 */

#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Where the C library's malloc has the size, with no flag that it uses. */
#define HEAD_MARK UINT64_C(0x0000feedbeaf0000)
#define ROUNDED_TO 64

static alignas(64) unsigned char memory[(size_t)256 << 20];
static size_t taken;

struct head {
    size_t size;
    uint64_t mark;
};

static struct head *head_of(void *ptr)
{
    return (struct head *)ptr - 1;
}

static size_t rounded(size_t size)
{
    return (size + ROUNDED_TO - 1) / ROUNDED_TO * ROUNDED_TO;
}

static void *take(size_t alignment, size_t size)
{
    size_t end =
        __atomic_add_fetch(&taken, rounded(size) + alignment + ROUNDED_TO, __ATOMIC_RELAXED);
    uintptr_t from = (uintptr_t)memory + end - rounded(size) - alignment;
    void *ptr = (void *)((from + alignment - 1) & ~(uintptr_t)(alignment - 1));

    if (end > sizeof memory)
        return NULL;
    memset(ptr, 0xff, rounded(size));
    *head_of(ptr) = (struct head){.size = size, .mark = HEAD_MARK};
    return ptr;
}

void *malloc(size_t size)
{
    return take(16, size);
}

void *calloc(size_t num, size_t size)
{
    void *ptr = malloc(num * size);

    return ptr != NULL ? memset(ptr, 0, num * size) : NULL;
}

int posix_memalign(void **ptr, size_t alignment, size_t size)
{
    *ptr = take(alignment < 16 ? 16 : alignment, size);
    return *ptr != NULL ? 0 : ENOMEM;
}

void free(void *ptr)
{
    if (ptr != NULL && head_of(ptr)->mark != HEAD_MARK)
        abort();
}

void *realloc(void *ptr, size_t size)
{
    void *moved = malloc(size);

    if (ptr != NULL && moved != NULL)
        memcpy(moved, ptr, size < head_of(ptr)->size ? size : head_of(ptr)->size);
    return moved;
}

#ifdef WITH_SIZES
size_t malloc_usable_size(void *ptr);

size_t malloc_usable_size(void *ptr)
{
    return rounded(head_of(ptr)->size);
}
#endif
