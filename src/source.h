/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_SOURCE_H
#define ZM_SOURCE_H

/*
 * Counters of an allocator that counts by itself (jemalloc), in its thread-local storage. A node may
 * have such a source, and readers follow it; so a thread that ends waits for them before its storage
 * goes.
 */

#include "node.h"

/*
 * Whether the allocator's own counters serve for its threads. For a backend with a constant table
 * the compiler knows the answer. On 32-bit machines the counters could be read half written.
 */
ZM_INLINE bool zm_backend_counts(const struct zmalloc_backend *backend)
{
    return backend->thread_counters != NULL && sizeof(size_t) >= sizeof(uint64_t);
}

/* The active backend, or NULL before the choice. */
extern const struct zmalloc_backend *zm_counting_backend;

static inline bool zm_has_sources(void)
{
    const struct zmalloc_backend *backend = __atomic_load_n(&zm_counting_backend, __ATOMIC_ACQUIRE);

    return backend != NULL && zm_backend_counts(backend);
}

static inline const struct zm_source *zm_source_of(const struct zm_node *node)
{
    return __atomic_load_n(&node->has_source, __ATOMIC_SEQ_CST) ? &node->source : NULL;
}

static inline size_t zm_through(const size_t *base, const zm_counter *const *counter)
{
    return __atomic_load_n(base, __ATOMIC_RELAXED) +
           zm_counter_read(__atomic_load_n(counter, __ATOMIC_RELAXED));
}

static inline size_t zm_freed_through(const struct zm_source *source)
{
    return zm_through(&source->freed_base, &source->freed_at);
}

static inline size_t zm_allocated_through(const struct zm_source *source)
{
    return zm_through(&source->allocated_base, &source->allocated_at);
}

/* For the calling thread. False if the allocator has no counters for it. */
bool zm_source_add(struct zm_node *node);
void zm_source_drop(struct zm_node *node);

/* ---- Readers that may see a source ---- */

void zm_begin_reading(void);
void zm_end_reading(void);

/* After a source was dropped: until no reader is left that may have seen it. */
void zm_wait_for_readers(void);

/* A thread that ends in a signal handler may have interrupted a reading of its own, which ends with
 * it. */
void zm_forget_own_readings(void);

/* In the child of a fork: only this thread still reads. */
void zm_readers_in_child(void);

#endif
