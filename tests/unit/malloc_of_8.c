/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * For LD_PRELOAD: a malloc whose blocks are aligned to 8 and never to 16, as ISO C allows if the
 * largest alignment of the machine is 8. Only blocks may be freed, and only once; memory is never
 * reused.
 */

#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LIVE UINT64_C(0x6c6976656c697665)

static alignas(16) unsigned char memory[(size_t)256 << 20];
static size_t taken;

struct head {
    size_t size;
    uint64_t mark;
};

static struct head *head_of(void *ptr)
{
    return (struct head *)ptr - 1;
}

/* A block whose address is offset above a multiple of the alignment, which is itself a multiple of
 * 16. */
static void *take(size_t alignment, size_t offset, size_t size)
{
    size_t end = __atomic_add_fetch(&taken, size + 2 * alignment + 64, __ATOMIC_RELAXED);
    uintptr_t from = (uintptr_t)memory + end - size - alignment - 32;
    void *ptr = (void *)((from & ~(uintptr_t)(alignment - 1)) + offset);

    if (end > sizeof memory)
        return NULL;
    *head_of(ptr) = (struct head){.size = size, .mark = LIVE};
    return ptr;
}

void *malloc(size_t size)
{
    return take(16, 8, size);
}

void *calloc(size_t num, size_t size)
{
    return malloc(num * size); /* the memory is all zero */
}

int posix_memalign(void **ptr, size_t alignment, size_t size)
{
    *ptr = take(alignment < 16 ? 16 : alignment, 0, size);
    return *ptr != NULL ? 0 : ENOMEM;
}

void free(void *ptr)
{
    if (ptr == NULL)
        return;
    if (head_of(ptr)->mark != LIVE)
        abort();
    head_of(ptr)->mark = 0;
}

void *realloc(void *ptr, size_t size)
{
    void *moved = malloc(size);

    if (ptr != NULL && moved != NULL) {
        memcpy(moved, ptr, size < head_of(ptr)->size ? size : head_of(ptr)->size);
        free(ptr);
    }
    return moved;
}
