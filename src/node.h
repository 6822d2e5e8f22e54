/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_NODE_H
#define ZM_NODE_H

/* Where threads count, and the slabs in which that lies. The head of accounting.c has the whole idea. */

#include "base.h"

/* Read by other threads while the owner writes; modulo SIZE_MAX + 1. */
typedef size_t __attribute__((may_alias)) zm_counter;

/* Where an allocator counts for one thread, and what to add to it. */
struct zm_source {
    const zm_counter *allocated_at;
    const zm_counter *freed_at;
    size_t allocated_base;
    size_t freed_base;
};

/* Zones, and one that stands for no zone. */
#define ZM_ZONES 256

/* What a thread has counted in one zone. */
struct zm_zone_counts {
    zm_counter allocated;
    zm_counter freed;
    size_t seen; /* what was allocated when it last looked at the sum of the zone */
} __attribute__((aligned(4 * sizeof(size_t)))); /* within a cache line */

/* What threads have counted, one after the other; never freed. One cache line: readers visit them
 * all. */
struct zm_node {
    zm_counter allocated; /* bytes, prefixes included */
    zm_counter freed;
    unsigned has_source; /* whether the allocator counts for the owner */
    unsigned taken;      /* whether a thread owns it */
    struct zm_source source;
    struct zm_zone_counts *zones; /* ZM_ZONES of them, or NULL */
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct zm_node) == 64, "a node is one cache line");

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
    /* The bytes it may still allocate before something has to be looked at (budget.h). 0 unless
     * the thread is LIVE, so a block of 1 to that many bytes only has to be counted. */
    size_t budget;
    struct zm_node *node; /* of a LIVE thread, or NULL */
    int *errno_at;        /* of a LIVE thread: errno, which is a call to find */

    size_t granted;               /* the budget when it was last filled */
    size_t unseen;                /* allocated since its last look at the sum, budget apart */
    const struct zm_node *taking; /* while it registers */
    unsigned early_operations;    /* up to ZM_EARLY_OPERATIONS: NEW while fewer */
    unsigned readings;            /* that it is in; more than one in signal handlers */
    unsigned zone;                /* during a call for a zone, its number; otherwise 0 */
    bool is_leaving;              /* its counts are on the way back into its node */
    unsigned char own_sections;   /* of the peak (peak.c) */

    size_t to_sample; /* bytes to the next point when the budget was filled; 0: to be drawn */
    unsigned sampling_generation; /* when it was drawn (sampling.c) */
} __attribute__((aligned(ZM_THREAD_ALIGNMENT)));

ZM_INLINE bool zm_thread_is_live(const struct zm_thread *thread)
{
    return thread->node != NULL;
}

extern ZM_PRIVATE _Thread_local struct zm_thread zm_thread
    __attribute__((tls_model("initial-exec")));

/* Where the allocations of the calling thread are counted: its counter grows with them, whatever it
 * shows. The same for what is freed. */
ZM_INLINE const zm_counter *zm_node_allocated_at(const struct zm_node *node)
{
    return node->has_source ? node->source.allocated_at : &node->allocated;
}

ZM_INLINE const zm_counter *zm_node_freed_at(const struct zm_node *node)
{
    return node->has_source ? node->source.freed_at : &node->freed;
}

/* What the node of the calling thread shows, wherever it is counted. */
static inline size_t zm_node_allocated(const struct zm_node *node)
{
    return (node->has_source ? node->source.allocated_base : 0) + *zm_node_allocated_at(node);
}

static inline size_t zm_node_freed(const struct zm_node *node)
{
    return (node->has_source ? node->source.freed_base : 0) + *zm_node_freed_at(node);
}

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

static inline size_t zm_counter_read(const zm_counter *counter)
{
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

/* ---- Slabs ---- */

#define ZM_NODES 127

struct zm_slab {
    struct zm_slab *next; /* an older one */
    unsigned used;        /* nodes that were ever taken: those behind them show 0 */
    struct zm_node nodes[ZM_NODES];
};

/* The first node of the first slab has no owner: whoever has no node adds to it atomically. */
extern struct zm_slab zm_first_slab;
extern struct zm_slab *zm_slabs;
#define ZM_SHARED_NODE (&zm_first_slab.nodes[0])

#define ZM_FOR_EACH_SLAB(slab)                                                                     \
    for (struct zm_slab *slab = __atomic_load_n(&zm_slabs, __ATOMIC_ACQUIRE); slab != NULL;        \
         slab = slab->next)

static inline unsigned zm_used_nodes(const struct zm_slab *slab)
{
    return __atomic_load_n(&slab->used, __ATOMIC_ACQUIRE);
}

/* A node that nobody has, for the calling thread. NULL if there is no memory for one. */
struct zm_node *zm_node_take(void);
void zm_node_leave(struct zm_node *node);

/* For the window (window.h). */
void zm_node_show(volatile uint64_t *entry);

#endif
