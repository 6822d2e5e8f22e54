/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * tcmalloc from source, compiled with our file as one. The usual path of an allocation and of a free goes
 * through the thread's cache and the class of a size, and the size of the block is at hand there. What
 * tcmalloc.c has for that is here, since it reaches into tcmalloc, which is C++; so tcmalloc.c, and with it
 * the core, is compiled as C++ once more than as C, which is where it gets its warnings.
 */

/* The private copy of subprojects/packagefiles/gperftools. */
#include "no_override.cc"

#define ZM_FUSED_TCMALLOC

#include "base.h"

/* A block of the thread's cache, or one that goes there; NULL if that takes more than usual. errno is as
 * tcmalloc leaves it if there is no memory. */
ALWAYS_INLINE void *take_small(size_t size, bool zero, size_t *usable)
{
    ThreadCache *cache = ThreadCachePtr::GetIfPresent();
    uint32_t size_class;
    void *block;

    if (PREDICT_FALSE(cache == nullptr || !Static::sizemap()->GetSizeClass(size, &size_class)))
        return nullptr;
    *usable = static_cast<size_t>(Static::sizemap()->ByteSizeForClass(size_class));
    ZM_ASSUME(*usable != 0);
    block = cache->Allocate(*usable, size_class, tcmalloc::malloc_oom);
    if (zero && block != nullptr)
        memset(block, 0, *usable);
    return block;
}

/* Frees a small block whose class is known from its page; false if it is another. */
ALWAYS_INLINE bool free_small(void *ptr, size_t *usable)
{
    const PageID page = reinterpret_cast<uintptr_t>(ptr) >> kPageShift;
    ThreadCache *cache = ThreadCachePtr::GetIfPresent();
    uint32_t size_class;

    if (PREDICT_FALSE(cache == nullptr || !Static::pageheap()->TryGetSizeClass(page, &size_class)))
        return false;
    *usable = static_cast<size_t>(Static::sizemap()->ByteSizeForClass(size_class));
    cache->Deallocate(ptr, size_class);
    return true;
}

/* tc_malloc_size() without a look at who serves malloc. */
ALWAYS_INLINE size_t tcmalloc_size_of(const void *ptr)
{
    return GetSizeWithCallback(ptr, &InvalidGetAllocatedSize);
}

/* Words of C. thread_local would call a function to make sure that a variable is initialized. */
#define _Static_assert static_assert
#define _Thread_local __thread

extern "C" {
#include "tcmalloc.c"
}
