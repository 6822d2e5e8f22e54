/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_ACCOUNTING_H
#define ZM_ACCOUNTING_H

/*
 * Accounting: two counters per thread that only grow, and the exact sum over them.
 *
 * A thread counts in its own thread-local storage, with plain stores. Its life as seen from here:
 *
 *   NEW   counts in the process-wide counters; after ZM_EARLY_OPERATIONS operations it registers
 *   LIVE  is in the list of threads; its counters are its own, or the allocator's
 *   LATE  its key destructor has folded it into the process-wide counters, where it counts from
 *         then on, however many destructors of other people still allocate and free
 *
 * A reader loads what was freed everywhere first and what was allocated afterwards, so that its
 * difference is never less than what was in use at one moment of the reading. Reallocation adds
 * before it subtracts for the same reason.
 */

#include "base.h"

/*
 * Threads that live for a few blocks never register. And a thread whose first operation of all
 * comes in the last round of its key destructors, when nothing can fold it any more, is safe unless
 * it does more than this there (docs/design.md, "The last round").
 */
#define ZM_EARLY_OPERATIONS 64

/* Blocks of this size and more may set the peak, see zmalloc_peak_memory(). */
#define ZM_LARGE_BLOCK ((size_t)1 << 20)

/* Read by other threads while the owner writes; modulo SIZE_MAX + 1. */
typedef size_t __attribute__((may_alias)) zm_counter;

/* A line of the cache where the C library aligns the storage of its threads to one. Where it does so
 * to less, as on 64-bit ARM, it opens no library late that wants more. */
#if defined(__x86_64__) || defined(__i386__)
#define ZM_THREAD_ALIGNMENT 64
#else
#define ZM_THREAD_ALIGNMENT 16
#endif

struct zm_thread {
    /* What the owner uses all the time and a reader of the sum needs: one line of the cache. */
    zm_counter allocated; /* bytes, prefixes included; unused where the allocator counts */
    zm_counter freed;
    /* ZM_LARGE_BLOCK - 1 while LIVE, otherwise 0: a block of 1 to that many bytes needs only to be
     * counted here. */
    size_t usual_sizes;
    /* Of a LIVE thread: where its counters are, and what they showed when it registered. */
    const zm_counter *allocated_at;
    const zm_counter *freed_at;
    size_t base_allocated;
    size_t base_freed;
    struct zm_thread *next;

    struct zm_thread *previous;
    int *errno_at;             /* of a LIVE thread: errno, which otherwise costs a call to find */
    unsigned early_operations; /* up to ZM_EARLY_OPERATIONS: NEW while fewer */
    /* Largest allocated - freed at a look for the peak, and the reset of the peak it belongs to. */
    size_t high;
    unsigned high_epoch;
    bool forking; /* holds the accounting lock for a fork() that is under way */
} __attribute__((aligned(ZM_THREAD_ALIGNMENT)));

ZM_INLINE bool zm_thread_is_live(const struct zm_thread *thread)
{
    return thread->usual_sizes != 0;
}

extern ZM_PRIVATE _Thread_local struct zm_thread zm_thread
    __attribute__((tls_model("initial-exec")));

/*
 * Whether the allocator's own counters serve for its threads. Where the backend's table is a
 * constant this is one. On 32-bit machines its counters could be read half written.
 */
ZM_INLINE bool zm_backend_counts(const struct zmalloc_backend *backend)
{
    return backend->thread_counters != NULL && sizeof(size_t) >= sizeof(uint64_t);
}

/* Called once, before the first block: makes the thread key. */
void zm_accounting_start(const struct zmalloc_backend *backend);

/* All that is counted, as it was at one moment. */
struct zm_accounting {
    size_t used;
    size_t peak;
    size_t threads; /* that are LIVE */
};

struct zm_accounting zm_accounting_read(void);

/* For fork: they hold the accounting lock from the first to one of the others. */
void zm_accounting_before_fork(void);
void zm_accounting_after_fork(void);
void zm_accounting_after_fork_in_child(void);

/* Counts for a thread that is not LIVE. */
ZM_PRIVATE ZM_COLD void zm_accounting_unregistered(size_t allocated, size_t freed);

/* A block of ZM_LARGE_BLOCK or more was counted: looks whether that is a peak. */
ZM_PRIVATE void zm_accounting_large(void);

/*
 * A thread's own counters: it alone writes them. The release lets a reader on another processor
 * that sees a block freed also see it allocated. On x86 every store is one, and adding to memory is
 * one instruction, which gcc does not make of an atomic load and a store.
 */
ZM_INLINE void zm_counter_add(zm_counter *counter, size_t bytes)
{
#if defined(__x86_64__) && defined(__LP64__) && !defined(ZM_THREAD_SANITIZER)
    __asm__ volatile("addq %1, %0" : "+m"(*counter) : "re"(bytes) : "cc");
#else
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + bytes, __ATOMIC_RELEASE);
#endif
}

#endif
