/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Accounting: how much memory is in use, exactly, without a lock, at the cost of one addition per
 * operation.
 *
 * Counting. A shared counter would make every thread write the same cache line. So each thread has
 * two counters in a node of its own, the bytes it has allocated and the bytes it has freed, and
 * writes them with plain stores. Both only grow. A block may be freed by another thread than the
 * one that allocated it: then the two counters of one thread say little, but the sum over all nodes
 * is right.
 *
 * Because counters only grow, a node need not belong to one thread for ever. Nodes lie in slabs
 * that are never freed. A thread takes a node that nobody has and goes on counting from what it
 * shows; when the thread ends, it just leaves the node. Nothing is added up or unlinked, so there is
 * nothing to lock. The first node has no owner: whoever has no node adds to it atomically.
 *
 * The life of a thread, as seen from here:
 *
 *   NEW   It counts in the shared node. After ZM_EARLY_OPERATIONS operations it takes a node.
 *   LIVE  It has a node.
 *   LATE  The destructor of its thread key has left the node. From then on it counts in the shared
 *         node again, however many other destructors still allocate and free. If it became LIVE
 *         only in the last round of its destructors, ours does not run, and the node is lost:
 *         64 bytes, with the right counts in it.
 *
 * Reading. Used memory is all that was allocated minus all that was freed. A reader walks the slabs
 * twice, and takes "freed" from the first time and "allocated" from the second. What happens in
 * between can only make the result too high, never too low or negative; how much it was, the other
 * halves of the two walks tell, and if it was much the reader walks again. For the same reason a
 * reallocation counts the new block before the old one. A reading may interrupt anything, itself
 * included, so a signal handler may read.
 *
 * An allocator's own counters. jemalloc counts by itself, in its thread-local storage. There a node
 * has a source: where the counters are, and what to add. When the thread ends, the values move into
 * the node, the source goes, and the thread waits until no reader is left that may have seen it:
 * only then may its storage go. (docs/design.md says what jemalloc itself does in the last round.)
 *
 * Fork. The child has one thread. The nodes of the others are left as they are, since their blocks
 * are still there, and may be taken again.
 *
 * A Promela model (tests/model) checks the order of all these steps; change them together.
 */

#include "accounting.h"

#include <errno.h>
#include <pthread.h>

#include "os/thread.h"
#include "sum.h"

/* ---- Threads ---- */

static pthread_key_t exit_key;
static bool have_exit_key;

static void thread_exits(void *value)
{
    struct zm_thread *thread = value;
    struct zm_node *node = thread->node;

    thread->budget = 0;
    thread->node = NULL;
    thread->is_leaving = true;
    if (zm_source_of(node) != NULL) {
        zm_source_drop(node);
        zm_forget_own_readings();
        zm_wait_for_readers();
    }
    thread->is_leaving = false;
    zm_node_leave(node);
}

static void thread_register(struct zm_thread *thread)
{
    struct zm_node *node = NULL;

    if (!have_exit_key || pthread_setspecific(exit_key, thread) != 0)
        return;
    node = zm_node_take();
    if (node != NULL && zm_has_sources() && !zm_source_add(node)) {
        zm_node_leave(node);
        node = NULL;
    }
    if (node == NULL) {
        pthread_setspecific(exit_key, NULL);
        thread->taking = NULL;
        return;
    }
    thread->errno_at = &errno;
    thread->node = node;
    thread->taking = NULL;
}

void zm_accounting_start(const struct zmalloc_backend *backend)
{
    /* Another thread may be reading the sum, which is 0 until now. */
    __atomic_store_n(&zm_counting_backend, backend, __ATOMIC_RELEASE);
    have_exit_key = pthread_key_create(&exit_key, thread_exits) == 0;
}

/* Releases, as in zm_counter_add(). */
void zm_accounting_unregistered(size_t allocated, size_t freed)
{
    struct zm_thread *thread = &zm_thread;

    if (allocated != 0)
        __atomic_fetch_add(&ZM_SHARED_NODE->allocated, allocated, __ATOMIC_RELEASE);
    if (freed != 0)
        __atomic_fetch_add(&ZM_SHARED_NODE->freed, freed, __ATOMIC_RELEASE);
    if (thread->early_operations < ZM_EARLY_OPERATIONS &&
        ++thread->early_operations == ZM_EARLY_OPERATIONS)
        thread_register(thread);
}

bool zm_accounting_own(size_t *net)
{
    struct zm_thread *thread = &zm_thread;

    if (!zm_thread_is_live(thread) && thread->early_operations < ZM_EARLY_OPERATIONS) {
        thread->early_operations = ZM_EARLY_OPERATIONS;
        thread_register(thread);
    }
    if (!zm_thread_is_live(thread))
        return false;
    *net = zm_node_allocated(thread->node) - zm_node_freed(thread->node);
    return true;
}

/* ---- Reading ---- */

/* Only the calling thread has ever had a node. */
static bool is_alone(void)
{
    return zm_thread.node == &zm_first_slab.nodes[1] && zm_used_nodes(&zm_first_slab) == 2 &&
           __atomic_load_n(&zm_slabs, __ATOMIC_ACQUIRE) == &zm_first_slab;
}

/* What the compiler makes three readers of. */
struct reader {
    bool follows_sources;
    bool is_alone;
};

ZM_INLINE void add_node(struct zm_totals *totals, const struct zm_node *node, bool follows_sources)
{
    const struct zm_source *source = follows_sources ? zm_source_of(node) : NULL;

    if (source != NULL) {
        totals->freed += zm_freed_through(source);
        totals->allocated += zm_allocated_through(source);
    } else {
        totals->freed += zm_counter_read(&node->freed);
        totals->allocated += zm_counter_read(&node->allocated);
    }
}

/* Visits every node once. */
ZM_INLINE struct zm_totals collect(void *argument)
{
    const struct reader *reader = argument;
    struct zm_totals totals = {0};

    if (reader->is_alone) {
        add_node(&totals, &zm_first_slab.nodes[1], reader->follows_sources);
        add_node(&totals, ZM_SHARED_NODE, false);
        return totals;
    }
    ZM_FOR_EACH_SLAB(slab)
    for (unsigned number = zm_used_nodes(slab); number-- > 0;)
        add_node(&totals, &slab->nodes[number], reader->follows_sources);
    return totals;
}

#define MUCH ((size_t)64 << 10)

ZM_INLINE size_t take_sum(struct reader reader)
{
    return zm_sum(collect, &reader, MUCH, reader.follows_sources);
}

size_t zm_accounting_sum(void)
{
    size_t used;

    if (!zm_has_sources())
        return take_sum((struct reader){0});
    if (is_alone()) {
        /* The only source cannot go, so nobody has to know of this reading. If another thread has
         * got a node meanwhile, its counts are missing. */
        used = take_sum((struct reader){.follows_sources = true, .is_alone = true});
        if (is_alone()) /* GCOVR_EXCL_BR_LINE: see above */
            return used;
    }
    zm_begin_reading();
    used = take_sum((struct reader){.follows_sources = true});
    zm_end_reading();
    return used;
}

size_t zm_accounting_gross(void)
{
    size_t allocated;

    if (!zm_has_sources())
        return collect(&(struct reader){0}).allocated;
    zm_begin_reading();
    allocated = collect(&(struct reader){.follows_sources = true}).allocated;
    zm_end_reading();
    return allocated;
}

void zm_accounting_visit(void (*function)(const struct zm_node *node, void *argument),
                         void *argument)
{
    ZM_FOR_EACH_SLAB(slab)
    for (unsigned number = zm_used_nodes(slab); number-- > 0;)
        if (&slab->nodes[number] != ZM_SHARED_NODE)
            function(&slab->nodes[number], argument);
}

size_t zm_accounting_threads(void)
{
    size_t count = 0;

    ZM_FOR_EACH_SLAB(slab)
    for (unsigned number = zm_used_nodes(slab); number-- > 0;)
        count += __atomic_load_n(&slab->nodes[number].taken, __ATOMIC_RELAXED);
    return count - 1; /* without the shared node */
}

/* ---- fork ---- */

/* The storage of the other threads is still mapped. */
static void take_back(struct zm_node *node)
{
    if (node == ZM_SHARED_NODE || node == zm_thread.node || node == zm_thread.taking ||
        __atomic_load_n(&node->taken, __ATOMIC_RELAXED) == 0)
        return;
    if (zm_source_of(node) != NULL)
        zm_source_drop(node);
    zm_node_leave(node);
}

void zm_accounting_in_child(void)
{
    zm_readers_in_child();
    /* It is in a signal handler. What it has interrupted may still use the nodes. */
    if (zm_thread.is_leaving || zm_thread.readings > 0) /* GCOVR_EXCL_BR_LINE: as below */
        return; /* GCOVR_EXCL_LINE: a fork in a signal handler that came just then */
    ZM_FOR_EACH_SLAB(slab)
    for (unsigned number = zm_used_nodes(slab); number-- > 0;)
        take_back(&slab->nodes[number]);
}
