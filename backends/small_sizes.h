/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_SMALL_SIZES_H
#define ZM_SMALL_SIZES_H

/*
 * Usable sizes of small blocks by the size asked for, which saves looking up the page of a new
 * block. For an allocator that derives the class of a small block from its size in words of 8 bytes
 * and from nothing else; aligned blocks have other classes. We learn them from blocks, at both ends
 * of each word; if the two differ, the size counts as unknown.
 */

#include "base.h"

#define SMALL_SIZE_MAX 1024
#define SMALL_SIZE_WORD 8

struct small_sizes {
    size_t largest;                                        /* SMALL_SIZE_MAX, or 0 */
    uint16_t usable[SMALL_SIZE_MAX / SMALL_SIZE_WORD + 1]; /* by words */
};

static inline size_t small_size_words(size_t size)
{
    return (size + SMALL_SIZE_WORD - 1) / SMALL_SIZE_WORD;
}

/* For a size of 1 or more; 0 if the block has to be asked. */
ZM_INLINE size_t small_size(const struct small_sizes *sizes, size_t size)
{
    size_t usable;

    if (ZM_UNLIKELY(size > sizes->largest))
        return 0;
    usable = sizes->usable[small_size_words(size)];
    ZM_ASSUME(usable != 0);
    return usable;
}

/* Of a block requested with that size; a caller that needs the size of a larger block asks the
 * block. */
ZM_INLINE void *small_size_report(const struct small_sizes *sizes, void *ptr, size_t size,
                                  size_t *usable)
{
    if (ZM_LIKELY(ptr != NULL))
        *usable = small_size(sizes, size);
    return ptr;
}

/* The usable size of a new block; 0 if there is no memory for it. */
static inline size_t small_size_try(const struct zmalloc_backend *backend, size_t size)
{
    size_t usable = 0;
    void *ptr = backend->alloc(size, &usable);

    if (ptr != NULL) {
        usable = backend->usable_size(ptr);
        backend->free(ptr);
    }
    return usable;
}

/* Called by start, with the backend's table. */
static inline void small_sizes_learn(struct small_sizes *sizes,
                                     const struct zmalloc_backend *backend)
{
    for (size_t size = SMALL_SIZE_WORD; size <= SMALL_SIZE_MAX; size += SMALL_SIZE_WORD) {
        size_t usable = small_size_try(backend, size);

        if (usable == 0 || small_size_try(backend, size - SMALL_SIZE_WORD + 1) != usable)
            return;
        sizes->usable[small_size_words(size)] = (uint16_t)usable;
    }
    sizes->largest = SMALL_SIZE_MAX;
}

#endif
