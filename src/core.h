/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The core: edge cases, errno, accounting and out of memory, over a backend's table of operations.
 * Included once by each backend's file, which before that defines
 *
 *     static const struct zmalloc_backend *const core_backend = &its_table;
 *
 * with a constant table, so that the compiler makes operation and accounting one function; and
 * which after that says ZM_INSTANCE(its name). (generic_instance.c has a variable there, for foreign
 * tables.)
 *
 * Three sizes are unusual: 0, too large, and large enough to set the peak; and so is every size for
 * a thread that is not LIVE. One comparison tells them from the rest, which takes the shortest way.
 */

#ifndef ZM_CORE_H
#define ZM_CORE_H

#include <errno.h>

#include "accounting.h"
#include "build.h"
#include "instance.h"
#include "out_of_memory.h"

/* With the prefix, sizes that the backend is asked for stay under the limit as well. */
#define CORE_BACKEND_LIMIT (ZM_SIZE_LIMIT - core_backend->prefix_size)
#define CORE_MIN_ALIGNMENT ((size_t)16)

/* What a request for nothing asks the backend for. */
#ifndef CORE_SIZE_OF_NOTHING
#define CORE_SIZE_OF_NOTHING ZM_SIZE_OF_NOTHING
#endif

#define CORE_COLD static __attribute__((cold, noinline))
/* Not on the shortest way, and not rare. */
#define CORE_NOINLINE static __attribute__((noinline))

/* ---- Counting ---- */

ZM_INLINE bool core_thread_is_live(void)
{
    return ZM_LIKELY(zm_thread_is_live(&zm_thread));
}

/* For a LIVE thread. Where the backend counts nobody needs the size; the query for it vanishes. */
ZM_INLINE void core_count(zm_counter *counter, size_t usable)
{
    if (!zm_backend_counts(core_backend))
        zm_counter_add(counter, usable + core_backend->prefix_size);
}

ZM_INLINE bool core_size_matters(const size_t *usable)
{
    return usable != NULL || !zm_backend_counts(core_backend);
}

ZM_INLINE void core_count_alloc_of_any(size_t usable)
{
    if (core_thread_is_live())
        core_count(&zm_thread.allocated, usable);
    else
        zm_accounting_unregistered(usable + core_backend->prefix_size, 0);
}

/* ---- Freeing ---- */

/* Calls what frees a block, and puts errno back where the backend may not have kept it. */
#define CORE_KEEPING_ERRNO(errno_at, call)                                                         \
    do {                                                                                           \
        int saved_errno = core_backend->free_keeps_errno ? 0 : *(errno_at);                        \
                                                                                                   \
        call;                                                                                      \
        if (!core_backend->free_keeps_errno)                                                       \
            *(errno_at) = saved_errno;                                                             \
    } while (0)

CORE_COLD size_t core_free_unregistered(void *ptr)
{
    size_t usable;

    CORE_KEEPING_ERRNO(&errno, usable = core_backend->free(ptr));
    zm_accounting_unregistered(0, usable + core_backend->prefix_size);
    return usable;
}

/* For a LIVE thread. Counting first leaves nothing to do after the block is released. */
ZM_INLINE size_t core_free_live(void *ptr)
{
    size_t usable;

    if (core_backend->release != NULL) {
        usable = core_backend->usable_size(ptr);
        core_count(&zm_thread.freed, usable);
        CORE_KEEPING_ERRNO(zm_thread.errno_at, core_backend->release(ptr));
    } else {
        CORE_KEEPING_ERRNO(zm_thread.errno_at, usable = core_backend->free(ptr));
        core_count(&zm_thread.freed, usable);
    }
    return usable;
}

ZM_INLINE size_t core_free(void *ptr)
{
    return core_thread_is_live() ? core_free_live(ptr) : core_free_unregistered(ptr);
}

static void core_zfree(void *ptr)
{
    if (ZM_LIKELY(ptr != NULL))
        core_free(ptr);
}

static void core_zfree_usable(void *ptr, size_t *usable)
{
    size_t released = ZM_LIKELY(ptr != NULL) ? core_free(ptr) : 0;

    if (usable != NULL)
        *usable = released;
}

CORE_NOINLINE void core_free_sized(void *ptr, size_t size)
{
    size_t usable;

    CORE_KEEPING_ERRNO(&errno, usable = core_backend->free_sized(ptr, size));
    if (core_thread_is_live())
        core_count(&zm_thread.freed, usable);
    else
        zm_accounting_unregistered(0, usable + core_backend->prefix_size);
}

/* A backend with release() is asked for the size anyway: the caller's is of no use to it. */
static void core_zfree_with_size(void *ptr, size_t size)
{
    if (core_backend->release != NULL)
        core_zfree(ptr);
    else if (ptr != NULL)
        core_free_sized(ptr, size);
}

/* ---- Allocating ---- */

/* How a block is asked for; constants wherever speed matters. */
#define CORE_ZEROED 1u
#define CORE_TRY 2u /* a failure is the caller's; or else the handler's */

ZM_INLINE bool core_is_usual(size_t size)
{
    return ZM_LIKELY(size - 1 < zm_thread.usual_sizes);
}

CORE_COLD void *core_fail(size_t size, size_t *usable, unsigned how)
{
    errno = ENOMEM;
    if (usable != NULL)
        *usable = 0;
    return how & CORE_TRY ? NULL : zm_out_of_memory(size, 0);
}

CORE_COLD void *core_fail_aligned(size_t alignment, size_t size, unsigned how)
{
    errno = ENOMEM;
    return how & CORE_TRY ? NULL : zm_out_of_memory(size, alignment);
}

ZM_INLINE void *core_ask(size_t size, unsigned how, size_t *got)
{
    return how & CORE_ZEROED ? core_backend->calloc(size, got) : core_backend->alloc(size, got);
}

/* A layer may guard what was not asked for, up to the usable size, until somebody asks for that. */
CORE_NOINLINE void *core_alloc_unusual(size_t size, size_t *usable, unsigned how)
{
    size_t asked = size != 0 ? size : CORE_SIZE_OF_NOTHING;
    size_t got = 0;
    void *ptr = asked < CORE_BACKEND_LIMIT ? core_ask(asked, how, &got) : NULL;

    if (ptr == NULL)
        return core_fail(size, usable, how);
    if (got == 0)
        got = core_backend->usable_size(ptr);
    core_count_alloc_of_any(got);
    if (asked >= ZM_LARGE_BLOCK)
        zm_accounting_large();
    if (usable != NULL)
        *usable = size != 0 ? got : core_backend->usable_size(ptr);
    return ptr;
}

/* A block of a LIVE thread whose size the backend did not report. */
CORE_NOINLINE void *core_finish_asking(void *ptr, size_t *usable)
{
    size_t got = core_backend->usable_size(ptr);

    core_count(&zm_thread.allocated, got);
    if (usable != NULL)
        *usable = got;
    return ptr;
}

ZM_INLINE void *core_alloc(size_t size, size_t *usable, unsigned how)
{
    size_t kept = size;
    size_t got = 0;
    void *ptr;

    if (!core_is_usual(size))
        return core_alloc_unusual(size, usable, how);
    ZM_ASSUME(size != 0);
    if (core_backend->prefix_size == 0)
        ZM_SPILL(kept);
    ptr = core_ask(size, how, &got);
    if (ZM_UNLIKELY(ptr == NULL))
        return core_fail(kept, usable, how);
    if (core_size_matters(usable) && ZM_UNLIKELY(got == 0))
        return core_finish_asking(ptr, usable);
    core_count(&zm_thread.allocated, got);
    if (usable != NULL)
        *usable = got;
    return ptr;
}

static void *core_ztrymalloc(size_t size)
{
    return core_alloc(size, NULL, CORE_TRY);
}

static void *core_ztrycalloc(size_t size)
{
    return core_alloc(size, NULL, CORE_TRY | CORE_ZEROED);
}

static void *core_ztrymalloc_usable(size_t size, size_t *usable)
{
    return core_alloc(size, usable, CORE_TRY);
}

static void *core_ztrycalloc_usable(size_t size, size_t *usable)
{
    return core_alloc(size, usable, CORE_TRY | CORE_ZEROED);
}

static void *core_zmalloc(size_t size)
{
    return core_alloc(size, NULL, 0);
}

static void *core_zcalloc(size_t size)
{
    return core_alloc(size, NULL, CORE_ZEROED);
}

static void *core_zmalloc_usable(size_t size, size_t *usable)
{
    return core_alloc(size, usable, 0);
}

static void *core_zcalloc_usable(size_t size, size_t *usable)
{
    return core_alloc(size, usable, CORE_ZEROED);
}

/* ---- Reallocating ---- */

/* What was allocated is counted before what was freed. */
ZM_INLINE void core_count_realloc(size_t old_usable, size_t usable)
{
    core_count(&zm_thread.allocated, usable);
    core_count(&zm_thread.freed, old_usable);
}

/* From the size limit on the block is freed, as for size 0; just below it, where there is no room
 * for the prefix, it stays. */
CORE_NOINLINE void *core_realloc_unusual(void *ptr, size_t size, size_t *usable, unsigned how)
{
    size_t old = 0;
    size_t got = 0;
    void *moved = NULL;

    if (ptr == NULL)
        return core_alloc_unusual(size, usable, how);
    if (size == 0 || size >= ZM_SIZE_LIMIT)
        core_zfree(ptr);
    else if (size < CORE_BACKEND_LIMIT)
        moved = core_backend->realloc(ptr, size, &old, &got);
    if (moved == NULL && size != 0)
        return core_fail(size, usable, how);
    if (usable != NULL)
        *usable = got;
    if (moved == NULL)
        return NULL;
    if (core_thread_is_live())
        core_count_realloc(old, got);
    else
        zm_accounting_unregistered(got + core_backend->prefix_size,
                                   old + core_backend->prefix_size);
    if (size >= ZM_LARGE_BLOCK)
        zm_accounting_large();
    return moved;
}

ZM_INLINE void *core_realloc(void *ptr, size_t size, size_t *usable, unsigned how)
{
    size_t old = 0;
    size_t got = 0;
    void *moved;

    if (ZM_UNLIKELY(ptr == NULL) || !core_is_usual(size))
        return core_realloc_unusual(ptr, size, usable, how);
    moved = core_backend->realloc(ptr, size, &old, &got);
    if (ZM_UNLIKELY(moved == NULL))
        return core_fail(size, usable, how);
    core_count_realloc(old, got);
    if (usable != NULL)
        *usable = got;
    return moved;
}

static void *core_ztryrealloc(void *ptr, size_t size)
{
    return core_realloc(ptr, size, NULL, CORE_TRY);
}

static void *core_ztryrealloc_usable(void *ptr, size_t size, size_t *usable)
{
    return core_realloc(ptr, size, usable, CORE_TRY);
}

static void *core_zrealloc(void *ptr, size_t size)
{
    return core_realloc(ptr, size, NULL, 0);
}

static void *core_zrealloc_usable(void *ptr, size_t size, size_t *usable)
{
    return core_realloc(ptr, size, usable, 0);
}

/* ---- Aligned blocks ---- */

ZM_INLINE bool core_alignment_is_valid(size_t alignment)
{
    return alignment != 0 && (alignment & (alignment - 1)) == 0;
}

ZM_INLINE void *core_alloc_aligned(size_t alignment, size_t size, unsigned how)
{
    size_t asked = size != 0 ? size : CORE_SIZE_OF_NOTHING;
    size_t asked_alignment = alignment;
    size_t got = 0;
    void *ptr = NULL;

    if (!core_alignment_is_valid(alignment)) {
        errno = EINVAL;
        return NULL;
    }
    if (alignment < CORE_MIN_ALIGNMENT)
        alignment = CORE_MIN_ALIGNMENT;
    if (asked < CORE_BACKEND_LIMIT && alignment < CORE_BACKEND_LIMIT - asked)
        ptr = core_backend->aligned_alloc(alignment, asked, &got);
    if (ZM_UNLIKELY(ptr == NULL))
        return core_fail_aligned(asked_alignment, size, how);
    core_count_alloc_of_any(got);
    if (asked >= ZM_LARGE_BLOCK)
        zm_accounting_large();
    return ptr;
}

static void *core_ztrymalloc_aligned(size_t alignment, size_t size)
{
    return core_alloc_aligned(alignment, size, CORE_TRY);
}

static void *core_zmalloc_aligned(size_t alignment, size_t size)
{
    return core_alloc_aligned(alignment, size, 0);
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
        .build = ZM_BUILD, .backend = &id##_backend, .entries = CORE_ENTRIES}
#else
#define ZM_INSTANCE(id)                                                                            \
    extern const struct zm_instance zm_instance_##id;                                              \
    const struct zm_instance zm_instance_##id = {                                                  \
        .build = ZM_BUILD, .backend = &id##_backend, .entries = CORE_ENTRIES}
#endif

#endif
