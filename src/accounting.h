/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_ACCOUNTING_H
#define ZM_ACCOUNTING_H

/*
 * Two counters per thread that only grow, and the exact sum over them. The head of accounting.c has
 * the whole idea.
 */

#include "base.h"

/*
 * A thread that lives for a few blocks never registers. It also keeps a thread safe whose first
 * operation comes in the last round of its key destructors, as long as it does fewer than this many
 * there (docs/design.md, "The last round").
 */
#define ZM_EARLY_OPERATIONS 64

/* Only a block of at least this size may set the peak; see zmalloc_peak_memory(). */
#define ZM_LARGE_BLOCK ((size_t)1 << 20)

/* Read by other threads while the owner writes; modulo SIZE_MAX + 1. */
typedef size_t __attribute__((may_alias)) zm_counter;

/*
 * One cache line. Except on x86, glibc opens no library late that wants its thread-local storage
 * aligned so far, unless something that was loaded at the start wanted it, too. tcmalloc does want
 * it, and we open it late: our own storage has to come first. A library that is itself to be opened
 * late, and so without tcmalloc, has the option late_open.
 */
#if defined(__x86_64__) || defined(__i386__)
#define ZM_THREAD_ALIGNMENT 64
#elif defined(ZM_LATE_OPEN)
#define ZM_THREAD_ALIGNMENT 16
#elif defined(__s390x__)
#define ZM_THREAD_ALIGNMENT 256
#else
#define ZM_THREAD_ALIGNMENT 64
#endif

struct zm_thread {
    /* One cache line: what the owner uses all the time, and what a reader of the sum needs. */
    zm_counter allocated; /* bytes, prefixes included; unused if the allocator counts */
    zm_counter freed;
    /* ZM_LARGE_BLOCK - 1 while LIVE, otherwise 0. A block of 1 to that many bytes only has to be
     * counted here. */
    size_t usual_sizes;
    /* Of a LIVE thread: where its counters are, and their values when it registered. */
    const zm_counter *allocated_at;
    const zm_counter *freed_at;
    size_t base_allocated;
    size_t base_freed;
    struct zm_thread *next;

    struct zm_thread *previous;
    int *errno_at;             /* of a LIVE thread: errno, which is a call to find */
    unsigned early_operations; /* up to ZM_EARLY_OPERATIONS: NEW while fewer */
    /* The largest allocated - freed when it looked for the peak, and the reset of the peak it
     * belongs to. */
    size_t high;
    unsigned high_epoch;
    bool forking; /* holds the accounting lock for a fork() in progress */
} __attribute__((aligned(ZM_THREAD_ALIGNMENT)));

ZM_INLINE bool zm_thread_is_live(const struct zm_thread *thread)
{
    return thread->usual_sizes != 0;
}

extern ZM_PRIVATE _Thread_local struct zm_thread zm_thread
    __attribute__((tls_model("initial-exec")));

/*
 * Whether the allocator's own counters serve for its threads. For a backend with a constant table
 * the compiler knows the answer. On 32-bit machines the counters could be read half written.
 */
ZM_INLINE bool zm_backend_counts(const struct zmalloc_backend *backend)
{
    return backend->thread_counters != NULL && sizeof(size_t) >= sizeof(uint64_t);
}

/* Called once, before the first block: makes the thread key. */
void zm_accounting_start(const struct zmalloc_backend *backend);

/* All counts, as they were at one moment. */
struct zm_accounting {
    size_t used;
    size_t peak;
    size_t threads; /* LIVE ones */
};

struct zm_accounting zm_accounting_read(void);

/* For fork. The first takes the accounting lock, the others release it. */
void zm_accounting_before_fork(void);
void zm_accounting_after_fork(void);
void zm_accounting_after_fork_in_child(void);

/* Counts for a thread that is not LIVE. */
ZM_PRIVATE ZM_COLD void zm_accounting_unregistered(size_t allocated, size_t freed);

/* Call it when a block of ZM_LARGE_BLOCK or more has been counted: looks for a new peak. */
ZM_PRIVATE void zm_accounting_large(void);

/*
 * Only the thread itself writes its counters. The release makes sure that a reader on another
 * processor that sees a block freed also sees it allocated, and that one that sees an allocation also
 * sees what the thread had freed before (docs/memory_order.md). On x86 every store is a release, and
 * adding to memory is one instruction, which gcc does not make of an atomic load and a store.
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
