/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The core: edge cases, errno, accounting and out of memory, over a backend's table of operations.
 * Included once by each backend's file, which before that defines
 *
 *     static const struct zmalloc_backend *const core_backend = &its_table;
 *
 * with a constant table, so that the compiler makes operation and accounting one function; and
 * which after that says ZM_INSTANCE(its name). (generic.c has a variable there, for foreign
 * tables.)
 *
 * Three sizes are unusual: 0, too large, and large enough to set the peak. One comparison tells
 * them from the rest.
 */

#ifndef ZM_CORE_H
#define ZM_CORE_H

#include <errno.h>

#include "accounting.h"
#include "config.h"

/* With the prefix, sizes that the backend is asked for stay under the limit as well. */
#define CORE_BACKEND_LIMIT (ZM_SIZE_LIMIT - core_backend->prefix_size)
#define CORE_MIN_SIZE sizeof(long)
#define CORE_MIN_ALIGNMENT ((size_t)16)

#define CORE_NOINLINE static __attribute__((noinline))

/* ---- Counting ---- */

ZM_INLINE bool core_backend_counts(void)
{
    return zm_backend_counts(core_backend);
}

ZM_INLINE bool core_thread_is_live(void)
{
    return ZM_LIKELY(zm_thread.state == ZM_THREAD_LIVE);
}

ZM_INLINE void core_count_alloc(void *ptr, size_t usable)
{
    if (core_backend_counts()) {
        if (!core_thread_is_live())
            zm_accounting_unregistered(core_backend->usable_size(ptr) + core_backend->prefix_size,
                                       0);
    } else if (core_thread_is_live()) {
        zm_counter_add(&zm_thread.allocated, usable + core_backend->prefix_size);
    } else {
        zm_accounting_unregistered(usable + core_backend->prefix_size, 0);
    }
}

/* ---- Freeing ---- */

struct core_free_request {
    void *ptr;
    size_t size; /* that the caller gave */
    bool sized;
};

/* The backend's free or free_sized, errno kept. */
ZM_INLINE size_t core_release(struct core_free_request request)
{
    int saved_errno = core_backend->free_keeps_errno ? 0 : errno;
    size_t usable = request.sized ? core_backend->free_sized(request.ptr, request.size)
                                  : core_backend->free(request.ptr);

    if (!core_backend->free_keeps_errno)
        errno = saved_errno;
    return usable;
}

/* Where the backend counts, nobody asks for the size of a live thread's block. */
ZM_INLINE size_t core_free(struct core_free_request request)
{
    size_t usable;

    if (core_backend_counts() && core_thread_is_live())
        return core_release(request);
    usable = core_release(request);
    if (!core_backend_counts() && core_thread_is_live())
        zm_counter_add(&zm_thread.freed, usable + core_backend->prefix_size);
    else
        zm_accounting_unregistered(0, usable + core_backend->prefix_size);
    return usable;
}

static void core_zfree(void *ptr)
{
    if (ptr != NULL)
        core_free((struct core_free_request){.ptr = ptr});
}

static void core_zfree_with_size(void *ptr, size_t size)
{
    if (ptr != NULL)
        core_free((struct core_free_request){.ptr = ptr, .size = size, .sized = true});
}

static void core_zfree_usable(void *ptr, size_t *usable)
{
    size_t released = ptr != NULL ? core_free((struct core_free_request){.ptr = ptr}) : 0;

    if (usable != NULL)
        *usable = released;
}

/* ---- Allocating ---- */

ZM_INLINE bool core_size_is_unusual(size_t size)
{
    return ZM_UNLIKELY(size - 1 >= ZM_LARGE_BLOCK - 1);
}

ZM_INLINE void *core_fail(size_t *usable)
{
    errno = ENOMEM;
    if (usable != NULL)
        *usable = 0;
    return NULL;
}

/* What every successful or failed request for a block ends with. */
ZM_INLINE void *core_finish_alloc(void *ptr, size_t got, size_t *usable)
{
    if (ZM_UNLIKELY(ptr == NULL))
        return core_fail(usable);
    core_count_alloc(ptr, got);
    if (usable != NULL)
        *usable = got;
    return ptr;
}

ZM_INLINE void *core_take(size_t size, bool zeroed, size_t *usable)
{
    size_t got = 0;
    void *ptr = zeroed ? core_backend->calloc(size, &got) : core_backend->alloc(size, &got);

    return core_finish_alloc(ptr, got, usable);
}

CORE_NOINLINE void *core_alloc_unusual(size_t size, bool zeroed, size_t *usable)
{
    void *ptr;

    if (size == 0)
        return core_take(CORE_MIN_SIZE, zeroed, usable);
    if (size >= CORE_BACKEND_LIMIT)
        return core_fail(usable);
    ptr = core_take(size, zeroed, usable);
    if (ptr != NULL)
        zm_accounting_large();
    return ptr;
}

ZM_INLINE void *core_alloc(size_t size, bool zeroed, size_t *usable)
{
    if (core_size_is_unusual(size))
        return core_alloc_unusual(size, zeroed, usable);
    return core_take(size, zeroed, usable);
}

ZM_INLINE void *core_alloc_or_handler(size_t size, bool zeroed, size_t *usable)
{
    void *ptr = core_alloc(size, zeroed, usable);

    return ZM_LIKELY(ptr != NULL) ? ptr : zm_out_of_memory(size);
}

static void *core_ztrymalloc(size_t size)
{
    return core_alloc(size, false, NULL);
}

static void *core_ztrycalloc(size_t size)
{
    return core_alloc(size, true, NULL);
}

static void *core_ztrymalloc_usable(size_t size, size_t *usable)
{
    return core_alloc(size, false, usable);
}

static void *core_ztrycalloc_usable(size_t size, size_t *usable)
{
    return core_alloc(size, true, usable);
}

static void *core_zmalloc(size_t size)
{
    return core_alloc_or_handler(size, false, NULL);
}

static void *core_zcalloc(size_t size)
{
    return core_alloc_or_handler(size, true, NULL);
}

static void *core_zmalloc_usable(size_t size, size_t *usable)
{
    return core_alloc_or_handler(size, false, usable);
}

static void *core_zcalloc_usable(size_t size, size_t *usable)
{
    return core_alloc_or_handler(size, true, usable);
}

/* ---- Reallocating ---- */

/* What was allocated is counted before what was freed. */
ZM_INLINE void core_count_realloc(size_t old_usable, size_t usable)
{
    size_t added = usable + core_backend->prefix_size;
    size_t taken = old_usable + core_backend->prefix_size;

    if (!core_backend_counts() && core_thread_is_live()) {
        zm_counter_add(&zm_thread.allocated, added);
        zm_counter_add(&zm_thread.freed, taken);
    } else {
        zm_accounting_unregistered(added, taken);
    }
}

/* Where the backend counts, nobody asks for the sizes of a live thread's block. */
ZM_INLINE void *core_move(void *ptr, size_t size, size_t *got)
{
    size_t old = 0;
    void *moved;

    if (core_backend_counts() && core_thread_is_live())
        return core_backend->realloc(ptr, size, &old, got);
    moved = core_backend->realloc(ptr, size, &old, got);
    if (moved != NULL)
        core_count_realloc(old, *got);
    return moved;
}

ZM_INLINE void *core_resize(void *ptr, size_t size, size_t *usable)
{
    size_t got = 0;
    void *moved = core_move(ptr, size, &got);

    if (ZM_UNLIKELY(moved == NULL))
        return core_fail(usable);
    if (usable != NULL)
        *usable = got;
    return moved;
}

CORE_NOINLINE void *core_resize_unusual(void *ptr, size_t size, size_t *usable)
{
    void *moved;

    if (size == 0 || size >= ZM_SIZE_LIMIT) {
        core_zfree(ptr);
        if (size != 0)
            return core_fail(usable);
        if (usable != NULL)
            *usable = 0;
        return NULL;
    }
    if (size >= CORE_BACKEND_LIMIT)
        return core_fail(usable);
    moved = core_resize(ptr, size, usable);
    if (moved != NULL)
        zm_accounting_large();
    return moved;
}

ZM_INLINE void *core_realloc(void *ptr, size_t size, size_t *usable)
{
    if (ZM_UNLIKELY(ptr == NULL))
        return core_alloc(size, false, usable);
    if (core_size_is_unusual(size))
        return core_resize_unusual(ptr, size, usable);
    return core_resize(ptr, size, usable);
}

/* NULL from a reallocation to size 0 is no failure. */
ZM_INLINE void *core_realloc_or_handler(void *ptr, size_t size, size_t *usable)
{
    void *moved = core_realloc(ptr, size, usable);

    if (ZM_LIKELY(moved != NULL) || (size == 0 && ptr != NULL))
        return moved;
    return zm_out_of_memory(size);
}

static void *core_ztryrealloc(void *ptr, size_t size)
{
    return core_realloc(ptr, size, NULL);
}

static void *core_ztryrealloc_usable(void *ptr, size_t size, size_t *usable)
{
    return core_realloc(ptr, size, usable);
}

static void *core_zrealloc(void *ptr, size_t size)
{
    return core_realloc_or_handler(ptr, size, NULL);
}

static void *core_zrealloc_usable(void *ptr, size_t size, size_t *usable)
{
    return core_realloc_or_handler(ptr, size, usable);
}

/* ---- Aligned blocks ---- */

ZM_INLINE bool core_alignment_is_valid(size_t alignment)
{
    return alignment != 0 && (alignment & (alignment - 1)) == 0;
}

static void *core_ztrymalloc_aligned(size_t alignment, size_t size)
{
    size_t got = 0;
    void *ptr;

    if (!core_alignment_is_valid(alignment)) {
        errno = EINVAL;
        return NULL;
    }
    if (size == 0)
        size = CORE_MIN_SIZE;
    if (alignment < CORE_MIN_ALIGNMENT)
        alignment = CORE_MIN_ALIGNMENT;
    if (size >= CORE_BACKEND_LIMIT || alignment >= CORE_BACKEND_LIMIT - size)
        return core_fail(NULL);
    ptr = core_backend->aligned_alloc(alignment, size, &got);
    ptr = core_finish_alloc(ptr, got, NULL);
    if (ptr != NULL && size >= ZM_LARGE_BLOCK)
        zm_accounting_large();
    return ptr;
}

static void *core_zmalloc_aligned(size_t alignment, size_t size)
{
    void *ptr = core_ztrymalloc_aligned(alignment, size);

    if (ptr != NULL || !core_alignment_is_valid(alignment))
        return ptr;
    return zm_out_of_memory(size);
}

/* ---- Sizes ---- */

static size_t core_zmalloc_usable_size(const void *ptr)
{
    return ptr != NULL ? core_backend->usable_size(ptr) : 0;
}

static size_t core_zmalloc_size(const void *ptr)
{
    return ptr != NULL ? core_backend->usable_size(ptr) + core_backend->prefix_size : 0;
}

/* ---- The instance ---- */

#define CORE_VALUE_ENTRY(type, name, parameters, arguments) .name = core_##name,
#define CORE_VOID_ENTRY(name, parameters, arguments) .name = core_##name,
#define CORE_ENTRIES                                                                               \
    {                                                                                              \
        ZM_ENTRIES(CORE_VALUE_ENTRY, CORE_VOID_ENTRY)                                              \
    }

/* Built into the library an instance has its backend's name; a module has just one. */
#ifdef ZM_MODULE
#define ZM_INSTANCE(id)                                                                            \
    extern const struct zm_instance zm_module_instance;                                            \
    ZM_PRIVATE const struct zm_instance zm_module_instance = {                                     \
        .build = ZM_VERSION, .backend = &id##_backend, .entries = CORE_ENTRIES}
#else
#define ZM_INSTANCE(id)                                                                            \
    extern const struct zm_instance zm_instance_##id;                                              \
    const struct zm_instance zm_instance_##id = {                                                  \
        .build = ZM_VERSION, .backend = &id##_backend, .entries = CORE_ENTRIES}
#endif

#endif
