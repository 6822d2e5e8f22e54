/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_SAMPLING_H
#define ZM_SAMPLING_H

/*
 * Sampling, as far as the core takes part. Which requests are sampled depends on their bytes: along all
 * bytes that threads ask for there are points at random distances, and a request with a point among its
 * bytes is sampled. The distance to a thread's next point is part of its budget (budget.h), so requests
 * that are not sampled pay nothing. What is remembered of a sampled block is the business of the layer
 * sample.
 *
 * A sampled block is aligned to ZM_SAMPLE_ALIGNMENT. So freeing tells by one test that a block was not
 * sampled. Of the others, some 3 of 100 in a server's mix, a count for the page says that most were not
 * either; only if that is not 0 the layer is asked. Both are in entry points of their own, which an
 * instance has beside the usual ones.
 *
 * A budget is spent by what a block takes, which may be a little more than was asked for. Points among
 * those bytes do not count: if a block takes more than was left, we draw a new distance. Because
 * distances are exponential, that changes nothing for the bytes that come after.
 */

#include "accounting.h"

#define ZM_SAMPLE_ALIGNMENT ((size_t)4096)

/* The addresses of guarded blocks, which do not come from the backend. The size is 0 without any. Set before a
 * backend becomes active. */
struct zm_guards {
    uintptr_t begin;
    size_t size;
};
extern ZM_PRIVATE struct zm_guards zm_guards;

ZM_INLINE bool zm_is_guarded(const void *ptr)
{
    return ZM_UNLIKELY((uintptr_t)ptr - zm_guards.begin < zm_guards.size);
}

/* How many sampled blocks begin in a page, or in another that shares its count. Changed by the layer. A
 * block is freed after it was allocated, by whatever the program does to make that sure, so its own count
 * is seen. */
#define ZM_SAMPLED_PAGES ((size_t)1 << 16)
extern ZM_PRIVATE uint16_t zm_sampled_pages[ZM_SAMPLED_PAGES];

ZM_INLINE bool zm_is_aligned_for_sampling(const void *ptr)
{
    return ((uintptr_t)ptr & (ZM_SAMPLE_ALIGNMENT - 1)) == 0;
}

ZM_INLINE uint16_t *zm_sampled_page(const void *ptr)
{
    return &zm_sampled_pages[(uintptr_t)ptr / ZM_SAMPLE_ALIGNMENT % ZM_SAMPLED_PAGES];
}

/* Of blocks that are not guarded. */
ZM_INLINE bool zm_may_be_sampled(const void *ptr)
{
    return ZM_UNLIKELY(zm_is_aligned_for_sampling(ptr)) &&
           __atomic_load_n(zm_sampled_page(ptr), __ATOMIC_RELAXED) != 0;
}

/* Or sampled. */
ZM_INLINE bool zm_may_be_guarded(const void *ptr)
{
    return zm_may_be_sampled(ptr) || zm_is_guarded(ptr);
}

/* What is remembered of a sampled block. */
struct zm_sample {
    size_t size;     /* that was asked for */
    uint64_t weight; /* how many such blocks it stands for, in units of the layer's own */
    uint32_t stack;
    uint32_t zone;
};

/* The layer sample. */
struct zm_sampler {
    /* Draws how many bytes there are up to the next point, and its own: 1 or more; SIZE_MAX if nothing
     * is to be sampled now. */
    size_t (*draw)(void);
    /* Whether another block can be remembered; if not, it is counted as dropped. */
    bool (*has_room)(void);
    void (*begin)(const void *ptr, size_t size);
    /* False if the block was not sampled. */
    bool (*end)(const void *ptr, struct zm_sample *sample);
    /* Whether the block stays sampled in another size. If the size in the sample is then at least as large, it
     * is the same block as before, and for restore(). */
    bool (*keeps)(struct zm_sample *sample, size_t size);
    /* Takes the last end() back, for the block there or where it was moved. */
    void (*restore)(const void *ptr, const struct zm_sample *sample);
    /* A zeroed block between guards, with exactly that usable size; NULL if no slot fits. */
    void *(*guard)(size_t alignment, size_t size);
    size_t (*guarded_size)(const void *ptr);
    /* Frees it, and returns its size. */
    size_t (*release)(void *ptr);
};

/* NULL: nobody samples. Set before a backend becomes active. */
extern const struct zm_sampler *zm_sampler;

/* From then on distances are drawn anew, by each thread within ZM_BUDGET_MAX bytes. */
void zm_sampling_renew(void);

/* ---- For the budget ---- */

/* Whether a request of so many bytes, which did not fit into the budget, is sampled. */
bool zm_sampling_takes(size_t size);
/* As much of a budget as there is before the next point. */
size_t zm_sampling_cap(size_t budget);

/* ---- For the core ---- */

ZM_PRIVATE bool zm_sampling_has_room(void);
ZM_PRIVATE void zm_sampling_begin(const void *ptr, size_t size);
/* Ignores NULL and blocks that were not sampled. sample may be NULL. */
ZM_PRIVATE ZM_COLD bool zm_sampling_end(const void *ptr, struct zm_sample *sample);
ZM_PRIVATE bool zm_sampling_keeps(struct zm_sample *sample, size_t size);
ZM_PRIVATE void zm_sampling_restore(const void *ptr, const struct zm_sample *sample);
/* Guarded blocks, each counted with the prefix that other blocks have. */
ZM_PRIVATE void *zm_sampling_guard(size_t alignment, size_t size, size_t prefix_size);
ZM_PRIVATE size_t zm_sampling_guarded_size(const void *ptr);
ZM_PRIVATE size_t zm_sampling_release(void *ptr, size_t prefix_size);

#endif
