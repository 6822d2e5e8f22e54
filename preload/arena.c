/* SPDX-License-Identifier: BSD-3-Clause */

#include "arena.h"

#define ALIGNMENT 16

__attribute__((aligned(4096))) char zm_arena[ZM_ARENA_SIZE];

/* How much of it is in use. */
static size_t used;

/* Before each block. */
struct head {
    __attribute__((aligned(ALIGNMENT))) size_t size;
};

/* Where the next block begins if so much is in use. */
static size_t place(size_t in_use, size_t alignment)
{
    uintptr_t begin = (uintptr_t)zm_arena + in_use + sizeof(struct head);

    return ((begin + alignment - 1) & ~(alignment - 1)) - (uintptr_t)zm_arena;
}

void *zm_arena_alloc(size_t alignment, size_t size)
{
    size_t in_use = __atomic_load_n(&used, __ATOMIC_RELAXED);
    size_t begin;
    struct head *head;

    if (alignment > ZM_ARENA_SIZE || size > ZM_ARENA_SIZE)
        return NULL;
    if (alignment < ALIGNMENT)
        alignment = ALIGNMENT;
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    do {
        begin = place(in_use, alignment);
        if (begin > ZM_ARENA_SIZE || size > ZM_ARENA_SIZE - begin)
            return NULL;
    } while (!__atomic_compare_exchange_n(&used, &in_use, begin + size, false, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    head = (struct head *)(void *)(zm_arena + begin) - 1;
    head->size = size;
    return head + 1;
}

size_t zm_arena_usable_size(const void *ptr)
{
    return ((const struct head *)ptr - 1)->size;
}
