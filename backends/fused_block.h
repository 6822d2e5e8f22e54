/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_FUSED_BLOCK_H
#define ZM_FUSED_BLOCK_H

/*
 * Allocating for a backend that is compiled with its allocator as one. Who includes this has
 *
 *     take_small(size, zero, &usable)   the allocator's usual path, where the size of a block is at hand;
 *                                       NULL if it takes more than that
 *     alloc_in_any_way(size, zero)      the allocator's own function
 *     report(ptr, &usable)              asks a block for its size
 */

#include "base.h"

/* Returned in two registers. */
struct block {
    void *ptr;
    size_t usable;
};

static __attribute__((noinline)) struct block alloc_slowly(size_t size, bool zero)
{
    struct block block = {NULL, 0};

    block.ptr = report(alloc_in_any_way(size, zero), &block.usable);
    return block;
}

ZM_INLINE void *alloc_block(size_t size, bool zero, size_t *usable)
{
    struct block block;

    block.ptr = take_small(size, zero, &block.usable);
    if (ZM_UNLIKELY(block.ptr == NULL))
        block = alloc_slowly(size, zero);
    *usable = block.usable;
    return block.ptr;
}

#endif
