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
#include <sched.h>
#include <sys/mman.h>
#include <time.h>

#include "os/thread.h"
#include "window.h"

/* A definition without the attribute would lose the TLS model of its declaration. */
_Thread_local struct zm_thread zm_thread __attribute__((tls_model("initial-exec")));

/* ---- Slabs ---- */

#define NODES 127

struct slab {
    struct slab *next; /* an older one */
    unsigned used;     /* nodes that were ever taken: those behind them show 0 */
    struct zm_node nodes[NODES];
};

/* The first node of the first slab is the shared one. */
static struct slab first_slab = {.used = 1, .nodes[0].taken = 1};
static struct slab *slabs = &first_slab;
static struct zm_node *const shared = &first_slab.nodes[0];

#define FOR_EACH_SLAB(slab)                                                                        \
    for (struct slab *slab = __atomic_load_n(&slabs, __ATOMIC_ACQUIRE); slab != NULL;              \
         slab = slab->next)

static unsigned used_nodes(const struct slab *slab)
{
    return __atomic_load_n(&slab->used, __ATOMIC_ACQUIRE);
}

/* Announces that nodes[number] may be in use, before anything is counted there. */
static void announce(struct slab *slab, unsigned number)
{
    unsigned used = used_nodes(slab);

    while (used <= number && !__atomic_compare_exchange_n(&slab->used, &used, number + 1, true,
                                                          __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE))
        ;
}

/* The acquire is for the counts of the one who left it. */
static bool take(struct zm_node *node)
{
    unsigned taken = 0;

    if (__atomic_load_n(&node->taken, __ATOMIC_RELAXED) != 0)
        return false;
    /* For a child that is forked from a signal handler just here. */
    zm_thread.taking = node;
    return __atomic_compare_exchange_n(&node->taken, &taken, 1, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static void leave(struct zm_node *node)
{
    __atomic_store_n(&node->taken, 0, __ATOMIC_RELEASE);
}

static struct zm_node *take_node_of(struct slab *slab)
{
    for (unsigned number = 0; number < NODES; number++)
        if (take(&slab->nodes[number])) {
            announce(slab, number);
            return &slab->nodes[number];
        }
    return NULL;
}

/* Another thread may push one at the same time: then there are two more. */
static struct slab *push_slab(void)
{
    struct slab *slab =
        mmap(NULL, sizeof *slab, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (slab == MAP_FAILED) /* GCOVR_EXCL_BR_LINE: as below */
        return NULL;        /* GCOVR_EXCL_LINE: 64 KiB, when memory is used up */
    slab->next = __atomic_load_n(&slabs, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&slabs, &slab->next, slab, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED))
        ;
    return slab;
}

/* NULL if there is no memory for one. */
static struct zm_node *take_node(void)
{
    struct zm_node *node = NULL;
    struct slab *more = NULL;

    FOR_EACH_SLAB (slab) {
        node = take_node_of(slab);
        if (node != NULL)
            return node;
    }
    while (node == NULL && (more = push_slab()) != NULL) /* GCOVR_EXCL_BR_LINE: as above */
        node = take_node_of(more);
    return node;
}

/* ---- Readers of counters that are not ours ---- */

static const struct zmalloc_backend *counting_backend;

/* Readers that may have seen a source. */
static unsigned readers;

static bool has_sources(void)
{
    const struct zmalloc_backend *backend = __atomic_load_n(&counting_backend, __ATOMIC_ACQUIRE);

    return backend != NULL && zm_backend_counts(backend);
}

/* Whoever finds no source afterwards has come after one that was taken away; whoever takes one away
 * afterwards sees this reader. */
static void begin_reading(void)
{
    zm_thread.readings++;
    __atomic_fetch_add(&readers, 1, __ATOMIC_SEQ_CST);
}

static void end_reading(void)
{
    __atomic_fetch_sub(&readers, 1, __ATOMIC_SEQ_CST);
    zm_thread.readings--;
}

#define PATIENCE_S 5

/* Readings that will never end: somebody left a signal handler by longjmp(). */
static unsigned lost_readings;

static unsigned other_readers(void)
{
    return __atomic_load_n(&readers, __ATOMIC_SEQ_CST) -
           __atomic_load_n(&lost_readings, __ATOMIC_RELAXED);
}

static void wait_for_readers(void)
{
    struct timespec begin, now;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    now = begin;
    while (other_readers() != 0 && now.tv_sec - begin.tv_sec <= PATIENCE_S) {
        sched_yield();
        clock_gettime(CLOCK_MONOTONIC, &now);
    }
    __atomic_fetch_add(&lost_readings, other_readers(), __ATOMIC_RELAXED);
}

/* A thread that ends in a signal handler may have interrupted a reading of its own, which ends with
 * it. */
static void forget_own_readings(void)
{
    __atomic_fetch_sub(&readers, zm_thread.readings, __ATOMIC_SEQ_CST);
    zm_thread.readings = 0;
}

/* ---- Nodes and their sources ---- */

static size_t counter_read(const zm_counter *counter)
{
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static const struct zm_source *source_of(const struct zm_node *node)
{
    return __atomic_load_n(&node->has_source, __ATOMIC_SEQ_CST) ? &node->source : NULL;
}

static size_t through(const size_t *base, const zm_counter *const *counter)
{
    return __atomic_load_n(base, __ATOMIC_RELAXED) +
           counter_read(__atomic_load_n(counter, __ATOMIC_RELAXED));
}

static size_t freed_through(const struct zm_source *source)
{
    return through(&source->freed_base, &source->freed_at);
}

static size_t allocated_through(const struct zm_source *source)
{
    return through(&source->allocated_base, &source->allocated_at);
}

/* Nobody looks through it now. In the child of a fork a reader that has vanished may have, which the
 * thread sanitizer would call a race. */
static void show_through(size_t *base, const zm_counter **at, size_t shown,
                         const zm_counter *counter)
{
    __atomic_store_n(at, counter, __ATOMIC_RELAXED);
    __atomic_store_n(base, shown - counter_read(counter), __ATOMIC_RELAXED);
}

/* False if the allocator has no counters for this thread. */
static bool add_source(struct zm_node *node)
{
    const uint64_t *allocated = NULL;
    const uint64_t *freed = NULL;

    if (counting_backend->thread_counters(&allocated, &freed) != 0)
        return false;
    show_through(&node->source.allocated_base, &node->source.allocated_at, node->allocated,
                 (const zm_counter *)allocated);
    show_through(&node->source.freed_base, &node->source.freed_at, node->freed,
                 (const zm_counter *)freed);
    __atomic_store_n(&node->has_source, 1, __ATOMIC_RELEASE);
    return true;
}

/* The values are there before the source goes. */
static void drop_source(struct zm_node *node)
{
    __atomic_store_n(&node->freed, freed_through(&node->source), __ATOMIC_RELEASE);
    __atomic_store_n(&node->allocated, allocated_through(&node->source), __ATOMIC_RELEASE);
    __atomic_store_n(&node->has_source, 0, __ATOMIC_SEQ_CST);
}

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
    if (source_of(node) != NULL) {
        drop_source(node);
        forget_own_readings();
        wait_for_readers();
    }
    thread->is_leaving = false;
    leave(node);
}

static void thread_register(struct zm_thread *thread)
{
    struct zm_node *node = NULL;

    if (!have_exit_key || pthread_setspecific(exit_key, thread) != 0)
        return;
    node = take_node();
    if (node != NULL && has_sources() && !add_source(node)) {
        leave(node);
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
    __atomic_store_n(&counting_backend, backend, __ATOMIC_RELEASE);
    have_exit_key = pthread_key_create(&exit_key, thread_exits) == 0;
}

/* Releases, as in zm_counter_add(). */
void zm_accounting_unregistered(size_t allocated, size_t freed)
{
    struct zm_thread *thread = &zm_thread;

    if (allocated != 0)
        __atomic_fetch_add(&shared->allocated, allocated, __ATOMIC_RELEASE);
    if (freed != 0)
        __atomic_fetch_add(&shared->freed, freed, __ATOMIC_RELEASE);
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

/* See take_sum(). */
#define LOOKS_MAX 5
#define MUCH ((size_t)64 << 10)

struct totals {
    size_t freed;
    size_t allocated;
};

ZM_INLINE void add_node(struct totals *totals, const struct zm_node *node, bool sources)
{
    const struct zm_source *source = sources ? source_of(node) : NULL;

    if (source != NULL) {
        totals->freed += freed_through(source);
        totals->allocated += allocated_through(source);
    } else {
        totals->freed += counter_read(&node->freed);
        totals->allocated += counter_read(&node->allocated);
    }
}

/* Only the calling thread has ever had a node. */
static bool is_alone(void)
{
    return zm_thread.node == &first_slab.nodes[1] && used_nodes(&first_slab) == 2 &&
           __atomic_load_n(&slabs, __ATOMIC_ACQUIRE) == &first_slab;
}

/* Visits every node once. */
ZM_INLINE struct totals collect(bool sources, bool alone)
{
    struct totals totals = {0};

    if (alone) {
        add_node(&totals, &first_slab.nodes[1], sources);
        add_node(&totals, shared, false);
        return totals;
    }
    FOR_EACH_SLAB (slab)
        for (unsigned number = used_nodes(slab); number-- > 0;)
            add_node(&totals, &slab->nodes[number], sources);
    return totals;
}

/* An allocator that counts by itself may use plain stores. Their order is kept on x86, but other
 * processors need not see it. Treat a negative sum as 0. */
static size_t difference(size_t allocated, size_t freed, bool sources)
{
    size_t used = allocated - freed;

    return used > SIZE_MAX / 2 && sources ? 0 : used;
}

/*
 * Collect twice, and take what was freed by the first time from what was allocated by the second. At
 * the moment between the two no less was allocated and no more was freed, so the sum is never too
 * low. It is too high by at most what was counted meanwhile: hardly anything, or gigabytes if the
 * reader loses its processor. If it was much, collect again and keep the least.
 */
ZM_INLINE size_t take_sum(bool sources, bool alone)
{
    struct totals first = collect(sources, alone);
    size_t least = SIZE_MAX;

    for (unsigned looks = 0; looks < LOOKS_MAX; looks++) {
        struct totals second = collect(sources, alone);
        size_t used = difference(second.allocated, first.freed, sources);

        if (used < least)
            least = used;
        if (second.freed - first.freed < MUCH / 2 && second.allocated - first.allocated < MUCH / 2)
            break;
        first = second;
    }
    return least;
}

size_t zm_accounting_sum(void)
{
    size_t used;

    if (!has_sources())
        return take_sum(false, false);
    if (is_alone()) {
        /* The only source cannot go, so nobody has to know of this reading. If another thread has
         * got a node meanwhile, its counts are missing. */
        used = take_sum(true, true);
        if (is_alone()) /* GCOVR_EXCL_BR_LINE: see above */
            return used;
    }
    begin_reading();
    used = take_sum(true, false);
    end_reading();
    return used;
}

size_t zm_accounting_gross(void)
{
    size_t allocated;

    if (!has_sources())
        return collect(false, false).allocated;
    begin_reading();
    allocated = collect(true, false).allocated;
    end_reading();
    return allocated;
}

void zm_accounting_visit(void (*function)(const struct zm_node *node, void *argument),
                         void *argument)
{
    FOR_EACH_SLAB (slab)
        for (unsigned number = used_nodes(slab); number-- > 0;)
            if (&slab->nodes[number] != shared)
                function(&slab->nodes[number], argument);
}

size_t zm_accounting_threads(void)
{
    size_t count = 0;

    FOR_EACH_SLAB (slab)
        for (unsigned number = used_nodes(slab); number-- > 0;)
            count += __atomic_load_n(&slab->nodes[number].taken, __ATOMIC_RELAXED);
    return count - 1; /* without the shared node */
}

/* ---- fork ---- */

/* The storage of the other threads is still mapped. */
static void take_back(struct zm_node *node)
{
    if (node == shared || node == zm_thread.node || node == zm_thread.taking ||
        __atomic_load_n(&node->taken, __ATOMIC_RELAXED) == 0)
        return;
    if (source_of(node) != NULL)
        drop_source(node);
    leave(node);
}

void zm_accounting_in_child(void)
{
    __atomic_store_n(&readers, zm_thread.readings, __ATOMIC_SEQ_CST);
    __atomic_store_n(&lost_readings, 0, __ATOMIC_RELAXED);
    /* It is in a signal handler. What it has interrupted may still use the nodes. */
    if (zm_thread.is_leaving || zm_thread.readings > 0) /* GCOVR_EXCL_BR_LINE: as below */
        return; /* GCOVR_EXCL_LINE: a fork in a signal handler that came just then */
    FOR_EACH_SLAB (slab)
        for (unsigned number = used_nodes(slab); number-- > 0;)
            take_back(&slab->nodes[number]);
}

/* ---- The window ---- */

void zm_accounting_show(volatile uint64_t *entry)
{
    entry[ZM_WINDOW_SLABS] = zm_window_address(&slabs);
    entry[ZM_WINDOW_SLAB_NEXT] = offsetof(struct slab, next);
    entry[ZM_WINDOW_SLAB_USED] = offsetof(struct slab, used);
    entry[ZM_WINDOW_SLAB_NODES] = offsetof(struct slab, nodes);
    entry[ZM_WINDOW_NODE_SIZE] = sizeof(struct zm_node);
    entry[ZM_WINDOW_NODE_ALLOCATED] = offsetof(struct zm_node, allocated);
    entry[ZM_WINDOW_NODE_FREED] = offsetof(struct zm_node, freed);
    entry[ZM_WINDOW_NODE_TAKEN] = offsetof(struct zm_node, taken);
    entry[ZM_WINDOW_NODE_HAS_SOURCE] = offsetof(struct zm_node, has_source);
    entry[ZM_WINDOW_NODE_ZONES] = offsetof(struct zm_node, zones);
    entry[ZM_WINDOW_SOURCE_ALLOCATED_AT] = offsetof(struct zm_node, source.allocated_at);
    entry[ZM_WINDOW_SOURCE_FREED_AT] = offsetof(struct zm_node, source.freed_at);
    entry[ZM_WINDOW_SOURCE_ALLOCATED_BASE] = offsetof(struct zm_node, source.allocated_base);
    entry[ZM_WINDOW_SOURCE_FREED_BASE] = offsetof(struct zm_node, source.freed_base);
}
