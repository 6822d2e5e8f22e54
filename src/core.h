/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The core: what every allocation has in common, whichever backend serves it. Edge cases, errno,
 * counting and out of memory are decided here and nowhere else; a backend only allocates and
 * reports sizes.
 *
 * This file is compiled once into each backend's own file, which defines before it includes it
 *
 *     static const struct zmalloc_backend *const core_backend = &its_table;
 *
 * and says ZM_INSTANCE(its name) after it. The table is constant, so the compiler sees through the
 * pointer: the backend's operation is inlined, questions such as "does it count by itself?" are
 * answered at compile time, and an allocation becomes one function. generic_instance.c has a
 * variable there instead, for tables that are only known at run time.
 *
 * The fast path. Some requests need more than counting: size 0, a size that is too large, one that
 * does not fit into the thread's budget (budget.h), and any request of a thread that is not LIVE. One
 * comparison (core_is_usual) separates them from the rest. It works because the budget is 0 unless
 * the thread is LIVE, and because size - 1 wraps around for 0. Everything unusual is in functions
 * that are not inlined, so the fast path saves no registers for it.
 *
 * A family such as zmalloc, zcalloc, ztrymalloc_usable is one inline function, core_alloc(),
 * called with constants: CORE_ZEROED, CORE_TRY, and NULL if nobody asks for the usable size. What
 * a constant rules out costs nothing.
 *
 * Freeing counts first if it can. A backend with release() is asked for the size of the block;
 * then the core counts it, and calling release() is the last thing it does, a jump. Otherwise
 * free() itself returns the size, which is counted afterwards.
 *
 * No size is looked up twice. A backend that knows the usable size when it allocates reports it in
 * *got; only if that is 0 does the core ask for it.
 */

#ifndef ZM_CORE_H
#define ZM_CORE_H

#include <errno.h>
#include <string.h>

#include "accounting.h"
#include "budget.h"
#include "build.h"
#include "instance.h"
#include "out_of_memory.h"
#include "sampling.h"

/* Sizes requested from the backend stay under the limit, prefix included. */
#define CORE_BACKEND_LIMIT (ZM_SIZE_LIMIT - core_backend->prefix_size)
#define CORE_MIN_ALIGNMENT ((size_t)16)

/* The size requested from the backend for a block of size 0. */
#ifndef CORE_SIZE_OF_NOTHING
#define CORE_SIZE_OF_NOTHING ZM_SIZE_OF_NOTHING
#endif

#define CORE_COLD static __attribute__((cold, noinline))
/* Off the fast path, but not rare. */
#define CORE_NOINLINE static __attribute__((noinline))

/* ---- Counting ---- */

ZM_INLINE bool core_thread_is_live(void)
{
    return ZM_LIKELY(zm_thread_is_live(&zm_thread));
}

/* For a LIVE thread. If the backend counts by itself the size is not needed, and the compiler drops
 * the query for it. */
ZM_INLINE void core_count_alloc(size_t usable)
{
    if (!zm_backend_counts(core_backend))
        zm_counter_add(&zm_thread.node->allocated, usable + core_backend->prefix_size);
}

ZM_INLINE void core_count_free(size_t usable)
{
    if (!zm_backend_counts(core_backend))
        zm_counter_add(&zm_thread.node->freed, usable + core_backend->prefix_size);
}

/* What is about a size that an allocator rounds up, and one that we do not know. */
#define CORE_ROUNDING 8

/* Takes a block from the budget. */
ZM_INLINE void core_spend(size_t size, size_t usable)
{
    if (zm_backend_counts(core_backend))
        zm_budget_spend(size + CORE_ROUNDING);
    else
        zm_budget_spend(usable + core_backend->prefix_size);
}

ZM_INLINE bool core_size_matters(const size_t *usable)
{
    return usable != NULL || !zm_backend_counts(core_backend);
}

ZM_INLINE void core_count_alloc_of_any(size_t usable)
{
    if (core_thread_is_live())
        core_count_alloc(usable);
    else
        zm_accounting_unregistered(usable + core_backend->prefix_size, 0);
}

/* ---- Freeing ---- */

/* Makes a call that frees a block, and restores errno if the backend may not have kept it. */
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

/* For a LIVE thread. release() comes last and becomes a jump, because counting is done before it.
 * */
ZM_INLINE size_t core_free_live(void *ptr)
{
    size_t usable;

    if (core_backend->release != NULL) {
        usable = core_backend->usable_size(ptr);
        core_count_free(usable);
        CORE_KEEPING_ERRNO(zm_thread.errno_at, core_backend->release(ptr));
    } else {
        CORE_KEEPING_ERRNO(zm_thread.errno_at, usable = core_backend->free(ptr));
        core_count_free(usable);
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

ZM_INLINE void core_count_free_of_any(size_t usable)
{
    if (core_thread_is_live())
        core_count_free(usable);
    else
        zm_accounting_unregistered(0, usable + core_backend->prefix_size);
}

CORE_NOINLINE void core_free_sized(void *ptr, size_t size)
{
    size_t usable;

    CORE_KEEPING_ERRNO(&errno, usable = core_backend->free_sized(ptr, size));
    core_count_free_of_any(usable);
}

/* A backend with release() has to look up the size anyway, so the caller's size does not help it.
 * */
static void core_zfree_with_size(void *ptr, size_t size)
{
    if (core_backend->release != NULL)
        core_zfree(ptr);
    else if (ptr != NULL)
        core_free_sized(ptr, size);
}

CORE_NOINLINE void core_free_no_tcache(void *ptr)
{
    size_t usable;

    CORE_KEEPING_ERRNO(&errno, usable = core_backend->free_no_tcache(ptr));
    core_count_free_of_any(usable);
}

static void core_zfree_no_tcache(void *ptr)
{
    if (core_backend->free_no_tcache == NULL)
        core_zfree(ptr);
    else if (ptr != NULL)
        core_free_no_tcache(ptr);
}

/* ---- Allocating ---- */

/* How a block is requested. Constants wherever speed matters. */
#define CORE_ZEROED 1u
#define CORE_TRY 2u       /* return NULL on failure instead of calling the handler */
#define CORE_NO_TCACHE 4u /* past the thread's cache; not with CORE_ZEROED */

ZM_INLINE bool core_is_usual(size_t size)
{
    return ZM_LIKELY(size - 1 < zm_thread.budget);
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
    if (how & CORE_NO_TCACHE && core_backend->alloc_no_tcache != NULL)
        return core_backend->alloc_no_tcache(size, got);
    return how & CORE_ZEROED ? core_backend->calloc(size, got) : core_backend->alloc(size, got);
}

/* What a block of that size will count, as far as the backend tells; only a limit wants to know. */
static size_t core_estimate(size_t size)
{
    size_t good = 0;

    if (!zm_budget_is_limited())
        return 0;
    if (core_backend->good_size != NULL)
        good = core_backend->good_size(size);
    return (good > size ? good : size) + core_backend->prefix_size;
}

/* An allocation on the unusual path, after it: the budget is filled again. Keeps what is counted. */
CORE_NOINLINE void core_settle_alloc(size_t got, const struct zm_grant *grant)
{
    core_count_alloc_of_any(got);
    zm_budget_settle(got + core_backend->prefix_size, grant);
}

/* A block that is sampled. NULL if it cannot be; then it becomes an ordinary one. A guarded one is counted
 * already. */
CORE_NOINLINE void *core_ask_sampled(size_t alignment, size_t size, unsigned how, size_t *got,
                                     bool *is_guarded)
{
    void *ptr;

    if (!zm_sampling_has_room())
        return NULL;
    ptr = zm_sampling_guard(alignment, size, core_backend->prefix_size);
    if (ptr != NULL) {
        *is_guarded = true;
        *got = size;
        zm_sampling_begin(ptr, size);
        return ptr;
    }
    if (alignment < ZM_SAMPLE_ALIGNMENT)
        alignment = ZM_SAMPLE_ALIGNMENT;
    if (alignment >= CORE_BACKEND_LIMIT - size)
        return NULL;
    ptr = core_backend->aligned_alloc(alignment, size, got);
    if (ptr == NULL)
        return NULL;
    if (how & CORE_ZEROED)
        memset(ptr, 0, *got != 0 ? *got : core_backend->usable_size(ptr));
    zm_sampling_begin(ptr, size);
    return ptr;
}

/* An allocation that may be a guarded block. */
CORE_NOINLINE void core_settle_sampled(size_t got, const struct zm_grant *grant, bool is_guarded)
{
    if (is_guarded)
        zm_budget_settle(got + core_backend->prefix_size, grant);
    else
        core_settle_alloc(got, grant);
}

/* A layer may guard the bytes beyond the requested size until the program asks for the usable size.
 * */
CORE_NOINLINE void *core_alloc_unusual(size_t size, size_t *usable, unsigned how)
{
    size_t asked = size != 0 ? size : CORE_SIZE_OF_NOTHING;
    size_t got = 0;
    bool is_guarded = false;
    struct zm_grant grant;
    void *ptr = NULL;

    if (asked >= CORE_BACKEND_LIMIT || !zm_budget_ask(asked, core_estimate(asked), &grant))
        return core_fail(size, usable, how);
    if (grant.is_sampled)
        ptr = core_ask_sampled(0, asked, how, &got, &is_guarded);
    if (ptr == NULL)
        ptr = core_ask(asked, how, &got);
    if (ptr == NULL) {
        zm_budget_settle(0, &grant);
        return core_fail(size, usable, how);
    }
    if (got == 0)
        got = core_backend->usable_size(ptr);
    core_settle_sampled(got, &grant, is_guarded);
    if (usable != NULL)
        *usable = size != 0 || is_guarded ? got : core_backend->usable_size(ptr);
    return ptr;
}

/* A block of a LIVE thread whose size the backend did not report. */
CORE_NOINLINE void *core_finish_asking(void *ptr, size_t *usable)
{
    size_t got = core_backend->usable_size(ptr);

    core_count_alloc(got);
    if (!zm_backend_counts(core_backend))
        core_spend(0, got);
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
    /* Before the call the size is at hand. */
    if (zm_backend_counts(core_backend))
        core_spend(size, 0);
    if (core_backend->prefix_size == 0)
        ZM_SPILL(kept);
    ptr = core_ask(size, how, &got);
    if (ZM_UNLIKELY(ptr == NULL))
        return core_fail(kept, usable, how);
    if (core_size_matters(usable) && ZM_UNLIKELY(got == 0))
        return core_finish_asking(ptr, usable);
    core_count_alloc(got);
    if (!zm_backend_counts(core_backend))
        core_spend(0, got);
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

static void *core_zmalloc_no_tcache(size_t size)
{
    return core_alloc(size, NULL, CORE_NO_TCACHE);
}

static void *core_ztrymalloc_no_tcache(size_t size)
{
    return core_alloc(size, NULL, CORE_NO_TCACHE | CORE_TRY);
}

/* ---- Reallocating ---- */

/* Counts what was allocated first, because readers of the sum must never see too little. */
ZM_INLINE void core_count_realloc(size_t old_usable, size_t usable)
{
    core_count_alloc(usable);
    core_count_free(old_usable);
}

/* By how much a block grows: what it had is free again when it has moved. */
static size_t core_estimate_growth(void *ptr, size_t size)
{
    size_t before;
    size_t after;

    if (!zm_budget_is_limited())
        return 0;
    before = core_backend->usable_size(ptr) + core_backend->prefix_size;
    after = core_estimate(size);
    return after > before ? after - before : 0;
}

/* The block at an address that a sampled block has; or as it is, if there is no memory for that. */
CORE_NOINLINE void *core_align_sampled(void *ptr, size_t size, size_t *got)
{
    size_t usable = 0;
    void *aligned = NULL;

    if (zm_is_aligned_for_sampling(ptr))
        return ptr;
    /* GCOVR_EXCL_START: a block of 2 GiB on 32 bits; no memory */
    if (ZM_SAMPLE_ALIGNMENT < CORE_BACKEND_LIMIT - size)
        aligned = core_backend->aligned_alloc(ZM_SAMPLE_ALIGNMENT, size, &usable);
    if (aligned == NULL)
        return ptr;
    /* GCOVR_EXCL_STOP */
    *got = usable != 0 ? usable : core_backend->usable_size(aligned);
    memcpy(aligned, ptr, size);
    core_backend->free(ptr);
    return aligned;
}

/* Of a block that is sampled from now on; kept is its sample until now, or NULL. */
CORE_NOINLINE void *core_sample_resized(void *ptr, size_t size, const struct zm_sample *kept,
                                        size_t *got)
{
    ptr = core_align_sampled(ptr, size, got);
    if (kept != NULL && size <= kept->size)
        zm_sampling_restore(ptr, kept);
    else if (zm_is_aligned_for_sampling(ptr))
        zm_sampling_begin(ptr, size);
    return ptr;
}

/* more: how many bytes may have a point among them; kept: see above. */
CORE_NOINLINE void *core_realloc_asking(void *ptr, size_t size, size_t more,
                                        const struct zm_sample *kept, size_t *old, size_t *got)
{
    struct zm_grant grant;
    void *moved;

    if (!zm_budget_ask(more, core_estimate_growth(ptr, size), &grant))
        return NULL;
    moved = core_backend->realloc(ptr, size, old, got);
    if (moved != NULL && (kept != NULL || (grant.is_sampled && zm_sampling_has_room())))
        moved = core_sample_resized(moved, size, kept, got);
    if (moved != NULL && core_thread_is_live())
        core_count_realloc(*old, *got);
    else if (moved != NULL)
        zm_accounting_unregistered(*got + core_backend->prefix_size,
                                   *old + core_backend->prefix_size);
    zm_budget_settle(moved != NULL ? *got + core_backend->prefix_size : 0, &grant);
    return moved;
}

/* A size at or above the limit frees the block, as size 0 does. A size just below it, which leaves
 * no room for the prefix, fails and keeps the block. */
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
        moved = core_realloc_asking(ptr, size, size, NULL, &old, &got);
    if (moved == NULL && size != 0)
        return core_fail(size, usable, how);
    if (usable != NULL)
        *usable = got;
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
    core_spend(size, got);
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

ZM_INLINE size_t core_at_least(size_t alignment)
{
    return alignment < CORE_MIN_ALIGNMENT ? CORE_MIN_ALIGNMENT : alignment;
}

CORE_NOINLINE void *core_alloc_aligned_unusual(size_t alignment, size_t size, unsigned how)
{
    size_t asked = size != 0 ? size : CORE_SIZE_OF_NOTHING;
    size_t least = core_at_least(alignment);
    bool is_guarded = false;
    struct zm_grant grant;
    size_t got = 0;
    void *ptr = NULL;

    if (asked >= CORE_BACKEND_LIMIT || least >= CORE_BACKEND_LIMIT - asked ||
        !zm_budget_ask(asked, core_estimate(asked), &grant))
        return core_fail_aligned(alignment, size, how);
    if (grant.is_sampled)
        ptr = core_ask_sampled(least, asked, how, &got, &is_guarded);
    if (ptr == NULL)
        ptr = core_backend->aligned_alloc(least, asked, &got);
    if (ptr == NULL) {
        zm_budget_settle(0, &grant);
        return core_fail_aligned(alignment, size, how);
    }
    core_settle_sampled(got, &grant, is_guarded);
    return ptr;
}

ZM_INLINE void *core_alloc_aligned(size_t alignment, size_t size, unsigned how)
{
    size_t got = 0;
    void *ptr = NULL;

    if (!core_alignment_is_valid(alignment)) {
        errno = EINVAL;
        return NULL;
    }
    if (!core_is_usual(size))
        return core_alloc_aligned_unusual(alignment, size, how);
    if (ZM_LIKELY(core_at_least(alignment) < CORE_BACKEND_LIMIT - size))
        ptr = core_backend->aligned_alloc(core_at_least(alignment), size, &got);
    if (ZM_UNLIKELY(ptr == NULL))
        return core_fail_aligned(alignment, size, how);
    core_count_alloc(got);
    core_spend(size, got);
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

/* ---- While blocks may be sampled ---- */

/* The end of a block that may be sampled. True if it was guarded, and that was all. */
CORE_NOINLINE bool core_end_sampled(void *ptr, size_t *size)
{
    zm_sampling_end(ptr, NULL);
    *size = zm_is_guarded(ptr) ? zm_sampling_release(ptr, core_backend->prefix_size) : 0;
    return zm_is_guarded(ptr);
}

/* What is done with a block that may be sampled. They are not inlined, so that all other blocks go the same
 * way as without samples after one test. */

CORE_NOINLINE void core_special_zfree(void *ptr)
{
    size_t ignored;

    if (!core_end_sampled(ptr, &ignored))
        core_zfree(ptr);
}

CORE_NOINLINE void core_special_zfree_usable(void *ptr, size_t *usable)
{
    size_t size;

    if (!core_end_sampled(ptr, &size))
        core_zfree_usable(ptr, usable);
    else if (usable != NULL)
        *usable = size;
}

CORE_NOINLINE void core_special_zfree_with_size(void *ptr, size_t size)
{
    size_t ignored;

    if (!core_end_sampled(ptr, &ignored))
        core_zfree_with_size(ptr, size);
}

CORE_NOINLINE void core_special_zfree_no_tcache(void *ptr)
{
    size_t ignored;

    if (!core_end_sampled(ptr, &ignored))
        core_zfree_no_tcache(ptr);
}

CORE_NOINLINE size_t core_special_zmalloc_usable_size(const void *ptr)
{
    return zm_is_guarded(ptr) ? zm_sampling_guarded_size(ptr) : core_zmalloc_usable_size(ptr);
}

CORE_NOINLINE size_t core_special_zmalloc_size(const void *ptr)
{
    return zm_is_guarded(ptr) ? zm_sampling_guarded_size(ptr) + core_backend->prefix_size
                              : core_zmalloc_size(ptr);
}

/* It always moves, and only if there is another block. */
CORE_NOINLINE void *core_realloc_guarded(void *ptr, size_t size, size_t *usable, unsigned how)
{
    size_t old = zm_sampling_guarded_size(ptr);
    void *moved = NULL;
    size_t ignored;

    if (size != 0 && size < ZM_SIZE_LIMIT) {
        moved = core_alloc(size, usable, how);
        if (moved == NULL)
            return NULL;
        memcpy(moved, ptr, old < size ? old : size);
    }
    core_end_sampled(ptr, &ignored);
    if (moved == NULL && usable != NULL)
        *usable = 0;
    return moved != NULL || size == 0 ? moved : core_fail(size, usable, how);
}

/*
 * A resized block is sampled if it was before, or if there is a point among the bytes that it grows by. So its
 * chance is that of its new size, and it does not matter that the program may resize sampled blocks more
 * often, because they have more room. If it gets smaller, the layer decides whether it stays sampled; then it
 * is the same block as before, with the call stack that it had.
 *
 * The sample ends before, because the address may be another thread's at once.
 */
CORE_NOINLINE void *core_resize_sampling(void *ptr, size_t size, size_t *usable, unsigned how)
{
    struct zm_sample sample;
    bool was_sampled = zm_may_be_sampled(ptr) && zm_sampling_end(ptr, &sample);
    struct zm_sample resized = was_sampled ? sample : (struct zm_sample){.size = 0};
    bool stays = was_sampled && zm_sampling_keeps(&resized, size);
    size_t before = core_backend->usable_size(ptr);
    size_t growth = size > before ? size - before : 0;
    size_t old = 0;
    size_t got = 0;
    void *moved;

    if (!stays && core_is_usual(growth + 1)) {
        moved = core_backend->realloc(ptr, size, &old, &got);
        if (moved != NULL) {
            core_count_realloc(old, got);
            core_spend(growth, got > old ? got - old : 0);
        }
    } else {
        moved = core_realloc_asking(ptr, size, growth, stays ? &resized : NULL, &old, &got);
    }
    if (moved == NULL) {
        if (was_sampled)
            zm_sampling_restore(ptr, &sample);
        return core_fail(size, usable, how);
    }
    if (usable != NULL)
        *usable = got;
    return moved;
}

CORE_NOINLINE void *core_resize(void *ptr, size_t size, size_t *usable, unsigned how)
{
    if (zm_is_guarded(ptr))
        return core_realloc_guarded(ptr, size, usable, how);
    if (ptr != NULL && size != 0 && size < CORE_BACKEND_LIMIT)
        return core_resize_sampling(ptr, size, usable, how);
    /* It is no block yet; or it is freed, or stays as it is. */
    if (ptr != NULL && (size == 0 || size >= ZM_SIZE_LIMIT) && zm_may_be_sampled(ptr))
        zm_sampling_end(ptr, NULL);
    return core_realloc(ptr, size, usable, how);
}

static void *core_resizing_ztryrealloc(void *ptr, size_t size)
{
    return core_resize(ptr, size, NULL, CORE_TRY);
}

static void *core_resizing_ztryrealloc_usable(void *ptr, size_t size, size_t *usable)
{
    return core_resize(ptr, size, usable, CORE_TRY);
}

static void *core_resizing_zrealloc(void *ptr, size_t size)
{
    return core_resize(ptr, size, NULL, 0);
}

static void *core_resizing_zrealloc_usable(void *ptr, size_t size, size_t *usable)
{
    return core_resize(ptr, size, usable, 0);
}

/* The entry points. Only those for a process with guarded blocks look whether a block is guarded. */

static size_t core_sampled_zmalloc_size(const void *ptr)
{
    return zm_may_be_sampled(ptr) ? core_special_zmalloc_size(ptr) : core_zmalloc_size(ptr);
}

static size_t core_sampled_zmalloc_usable_size(const void *ptr)
{
    return zm_may_be_sampled(ptr) ? core_special_zmalloc_usable_size(ptr)
                                  : core_zmalloc_usable_size(ptr);
}

static void core_sampled_zfree(void *ptr)
{
    if (zm_may_be_sampled(ptr))
        core_special_zfree(ptr);
    else
        core_zfree(ptr);
}

static void core_sampled_zfree_usable(void *ptr, size_t *usable)
{
    if (zm_may_be_sampled(ptr))
        core_special_zfree_usable(ptr, usable);
    else
        core_zfree_usable(ptr, usable);
}

static void core_sampled_zfree_with_size(void *ptr, size_t size)
{
    if (zm_may_be_sampled(ptr))
        core_special_zfree_with_size(ptr, size);
    else
        core_zfree_with_size(ptr, size);
}

static void core_sampled_zfree_no_tcache(void *ptr)
{
    if (zm_may_be_sampled(ptr))
        core_special_zfree_no_tcache(ptr);
    else
        core_zfree_no_tcache(ptr);
}

static size_t core_guarded_zmalloc_size(const void *ptr)
{
    return zm_may_be_guarded(ptr) ? core_special_zmalloc_size(ptr) : core_zmalloc_size(ptr);
}

static size_t core_guarded_zmalloc_usable_size(const void *ptr)
{
    return zm_may_be_guarded(ptr) ? core_special_zmalloc_usable_size(ptr)
                                  : core_zmalloc_usable_size(ptr);
}

static void core_guarded_zfree(void *ptr)
{
    if (zm_may_be_guarded(ptr))
        core_special_zfree(ptr);
    else
        core_zfree(ptr);
}

static void core_guarded_zfree_usable(void *ptr, size_t *usable)
{
    if (zm_may_be_guarded(ptr))
        core_special_zfree_usable(ptr, usable);
    else
        core_zfree_usable(ptr, usable);
}

static void core_guarded_zfree_with_size(void *ptr, size_t size)
{
    if (zm_may_be_guarded(ptr))
        core_special_zfree_with_size(ptr, size);
    else
        core_zfree_with_size(ptr, size);
}

static void core_guarded_zfree_no_tcache(void *ptr)
{
    if (zm_may_be_guarded(ptr))
        core_special_zfree_no_tcache(ptr);
    else
        core_zfree_no_tcache(ptr);
}

/* ---- The instance ---- */

#define CORE_VALUE_ENTRY(type, name, parameters, arguments) .name = core_##name,
#define CORE_VOID_ENTRY(name, parameters, arguments) .name = core_##name,
#define CORE_RESIZING_ENTRY(type, name, parameters, arguments) .name = core_resizing_##name,
#define CORE_SAMPLED_VALUE_ENTRY(type, name, parameters, arguments) .name = core_sampled_##name,
#define CORE_SAMPLED_VOID_ENTRY(name, parameters, arguments) .name = core_sampled_##name,
#define CORE_GUARDED_VALUE_ENTRY(type, name, parameters, arguments) .name = core_guarded_##name,
#define CORE_GUARDED_VOID_ENTRY(name, parameters, arguments) .name = core_guarded_##name,
#define CORE_TABLES                                                                                \
    .entries = {ZM_ENTRIES(CORE_VALUE_ENTRY, CORE_VOID_ENTRY)},                                    \
    .sampled = {ZM_ALLOCATING_ENTRIES(CORE_VALUE_ENTRY, CORE_VOID_ENTRY) ZM_RESIZING_ENTRIES(      \
        CORE_RESIZING_ENTRY) ZM_BLOCK_ENTRIES(CORE_SAMPLED_VALUE_ENTRY, CORE_SAMPLED_VOID_ENTRY)}, \
    .guarded = {ZM_ALLOCATING_ENTRIES(CORE_VALUE_ENTRY, CORE_VOID_ENTRY) ZM_RESIZING_ENTRIES(      \
        CORE_RESIZING_ENTRY) ZM_BLOCK_ENTRIES(CORE_GUARDED_VALUE_ENTRY, CORE_GUARDED_VOID_ENTRY)}

/* In the library each instance is named after its backend. A module has just one. */
#ifdef ZM_MODULE
#define ZM_INSTANCE(id)                                                                            \
    extern ZM_PRIVATE const struct zm_instance zm_module_instance;                                 \
    const struct zm_instance zm_module_instance = {                                                \
        .build = ZM_BUILD, .backend = &id##_backend, CORE_TABLES}
#else
#define ZM_INSTANCE(id)                                                                            \
    extern const struct zm_instance zm_instance_##id;                                              \
    const struct zm_instance zm_instance_##id = {                                                  \
        .build = ZM_BUILD, .backend = &id##_backend, CORE_TABLES}
#endif

#endif
