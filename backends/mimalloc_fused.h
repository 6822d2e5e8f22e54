/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_MIMALLOC_FUSED_H
#define ZM_MIMALLOC_FUSED_H

/*
 * mimalloc from source, compiled with our file as one. The usual path of an allocation and of a free goes
 * through a page that mimalloc has in hand, and the size of the block is in it. What we do there is what
 * 2.0.9 does; its insides change with every version, so for any other one we call its functions.
 */

#include <errno.h>

#include "private.c"

#include "base.h"

/* From 2.4 on, and 3.2.6; mimalloc_version.h has the three forms of the number. */
#if (MI_MALLOC_VERSION >= 20400 && MI_MALLOC_VERSION < 30000) || MI_MALLOC_VERSION >= 30300 ||     \
    (MI_MALLOC_VERSION >= 3206 && MI_MALLOC_VERSION < 10000)
#define ZM_HAVE_MI_UFREE
#endif

/* From 2.3 on, and 3.3. */
#if (MI_MALLOC_VERSION >= 20300 && MI_MALLOC_VERSION < 30000) || MI_MALLOC_VERSION >= 30300
#define ZM_HAVE_MI_UNDER_UTILIZED
#endif

#if MI_MALLOC_VERSION == 209 && MI_DEBUG == 0 && MI_SECURE == 0 && MI_STAT == 0 && MI_PADDING == 0
#define ZM_KNOWS_MIMALLOC
#endif

#ifdef ZM_KNOWS_MIMALLOC

/* Takes a block from a page that has a free one; NULL if there is none. */
ZM_INLINE void *take_small(size_t size, bool zero, size_t *usable)
{
    mi_heap_t *heap = mi_get_default_heap();
    mi_page_t *page;

    if (ZM_UNLIKELY(size > MI_SMALL_SIZE_MAX))
        return NULL;
    page = _mi_heap_get_free_small_page(heap, size);
    if (ZM_UNLIKELY(page->free == NULL))
        return NULL;
    *usable = page->xblock_size;
    ZM_ASSUME(*usable != 0);
    return _mi_page_malloc(heap, page, size, zero);
}

/* May give memory back to the system, and so change errno. Passes the size through, so that the usual
 * path saves no register for it. */
static __attribute__((noinline)) size_t retire_page(mi_page_t *page, size_t usable)
{
    int saved_errno = errno;

    _mi_page_retire(page);
    errno = saved_errno;
    return usable;
}

/* Frees a block of this thread in a page that is neither full nor has aligned blocks; false if it is
 * another. Keeps errno. */
ZM_INLINE bool free_small(void *ptr, size_t *usable)
{
    mi_segment_t *segment = _mi_ptr_segment(ptr);
    mi_page_t *page = _mi_segment_page_of(segment, ptr);
    mi_block_t *block = ptr;

    if (ZM_UNLIKELY(mi_atomic_load_relaxed(&segment->thread_id) != _mi_thread_id() ||
                    page->flags.full_aligned != 0))
        return false;
    *usable = mi_page_usable_block_size(page);
    mi_block_set_next(page, block, page->local_free);
    page->local_free = block;
    if (ZM_UNLIKELY(--page->used == 0))
        *usable = retire_page(page, *usable);
    return true;
}

#endif

#endif
