/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Accounting: how much memory is in use, exactly, at the cost of one addition per operation.
 *
 * Counting. A shared counter would make every thread write the same cache line. So each thread has
 * two counters in its thread-local storage, the bytes it has allocated and the bytes it has freed,
 * and writes them with plain stores. Both only grow. A block may be freed by another thread than
 * the one that allocated it: then the two counters of one thread say little, but the sum over all
 * threads is right. jemalloc keeps such counters itself; for its threads we only remember where
 * they are and what they showed at the start.
 *
 * The life of a thread, as seen from here:
 *
 *   NEW   It counts in the shared counters, two atomics. After ZM_EARLY_OPERATIONS operations it
 *         registers, so threads that live for a few blocks never take the lock.
 *   LIVE  It is in the list of threads and counts in its own counters.
 *   LATE  The destructor of its thread key has added its counts to the shared counters ("folded"
 *         them) and has taken it off the list. From then on it counts in the shared counters
 *         again, however many other destructors still allocate and free.
 *
 * usual_sizes is what the hot path sees of this: 0 unless the thread is LIVE, so that one
 * comparison in core.h sends everybody else to zm_accounting_unregistered().
 *
 * Reading. Used memory is all that was allocated minus all that was freed. A reader takes the lock
 * of the list and loads every "freed" before any "allocated". What happens in between can only
 * make the result too high, never too low or negative, and if it was much the reader looks again.
 * For the same reason a reallocation counts the new block before the old one.
 *
 * The peak. Noticing every peak would take a shared counter again. So the peak is the largest sum
 * that anybody has looked at: a caller of zmalloc_used_memory(), or a thread that allocates a
 * large block and now holds clearly more than ever before.
 *
 * Fork. The forking thread holds the lock from before the fork until after it. The child has one
 * thread, and folds the others: their blocks are still there.
 *
 * A Promela model (accounting.pml) checks the order of all these steps; change them together.
 */

#include "accounting.h"

#include <errno.h>
#include <pthread.h>

/* A definition without the attribute would lose the TLS model of its declaration. */
_Thread_local struct zm_thread zm_thread __attribute__((tls_model("initial-exec")));

/* What was counted by threads that are not in the list. */
static zm_counter shared_allocated;
static zm_counter shared_freed;

/* Guards the list, the peak and folding. Nothing is called while it is held. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct zm_thread *threads;
static size_t thread_count;
static size_t peak;
static unsigned peak_epoch = 1; /* counts resets; a thread with 0 has not looked yet */

/* See sum(). */
#define LOOKS_MAX 5
#define MUCH ((size_t)64 << 10)

static const struct zmalloc_backend *counting_backend;
static pthread_key_t exit_key;
static bool have_exit_key;

/* Handlers of pthread_atfork registered before ours run while ours hold the locks. The forking
 * thread already has this one then. */
static void accounting_lock(void)
{
    if (!zm_thread.forking)
        pthread_mutex_lock(&lock);
}

static void accounting_unlock(void)
{
    if (!zm_thread.forking)
        pthread_mutex_unlock(&lock);
}

static size_t counter_read(const zm_counter *counter)
{
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

/* Releases, as in zm_counter_add(). */
static void shared_add(size_t allocated, size_t freed)
{
    if (allocated != 0)
        __atomic_fetch_add(&shared_allocated, allocated, __ATOMIC_RELEASE);
    if (freed != 0)
        __atomic_fetch_add(&shared_freed, freed, __ATOMIC_RELEASE);
}

static void list_insert(struct zm_thread *thread)
{
    thread->previous = NULL;
    thread->next = threads;
    if (threads != NULL)
        threads->previous = thread;
    threads = thread;
    thread_count++;
}

static void list_remove(struct zm_thread *thread)
{
    if (thread->previous != NULL)
        thread->previous->next = thread->next;
    else
        threads = thread->next;
    if (thread->next != NULL)
        thread->next->previous = thread->previous;
    thread_count--;
}

/* Moves what a thread has counted to the shared counters. Under the lock, or a reader could see
 * half of it. */
static void fold(struct zm_thread *thread)
{
    shared_add(counter_read(thread->allocated_at) - thread->base_allocated,
               counter_read(thread->freed_at) - thread->base_freed);
    list_remove(thread);
    thread->usual_sizes = 0;
}

static void thread_exits(void *value)
{
    struct zm_thread *thread = value;

    accounting_lock();
    fold(thread);
    accounting_unlock();
}

/* Points the thread at its counters. False if the allocator has none for it. */
static bool find_counters(struct zm_thread *thread)
{
    const uint64_t *allocated = NULL;
    const uint64_t *freed = NULL;

    if (!zm_backend_counts(counting_backend)) {
        thread->allocated_at = &thread->allocated;
        thread->freed_at = &thread->freed;
        return true;
    }
    if (counting_backend->thread_counters(&allocated, &freed) != 0)
        return false;
    thread->allocated_at = (const zm_counter *)allocated;
    thread->freed_at = (const zm_counter *)freed;
    return true;
}

static void thread_register(struct zm_thread *thread)
{
    if (!have_exit_key || !find_counters(thread) || pthread_setspecific(exit_key, thread) != 0)
        return;
    thread->base_allocated = counter_read(thread->allocated_at);
    thread->base_freed = counter_read(thread->freed_at);
    accounting_lock();
    list_insert(thread);
    thread->errno_at = &errno;
    thread->usual_sizes = ZM_LARGE_BLOCK - 1;
    accounting_unlock();
}

void zm_accounting_start(const struct zmalloc_backend *backend)
{
    /* Another thread may be reading the sum, which is 0 until now. */
    accounting_lock();
    counting_backend = backend;
    accounting_unlock();
    have_exit_key = pthread_key_create(&exit_key, thread_exits) == 0;
}

void zm_accounting_unregistered(size_t allocated, size_t freed)
{
    struct zm_thread *thread = &zm_thread;

    shared_add(allocated, freed);
    if (thread->early_operations < ZM_EARLY_OPERATIONS &&
        ++thread->early_operations == ZM_EARLY_OPERATIONS)
        thread_register(thread);
}

static size_t all_freed(void)
{
    size_t freed = counter_read(&shared_freed);

    for (const struct zm_thread *thread = threads; thread != NULL; thread = thread->next)
        freed += counter_read(thread->freed_at) - thread->base_freed;
    return freed;
}

static size_t all_allocated(void)
{
    size_t allocated = 0;

    for (const struct zm_thread *thread = threads; thread != NULL; thread = thread->next)
        allocated += counter_read(thread->allocated_at) - thread->base_allocated;
    return allocated + counter_read(&shared_allocated);
}

/*
 * An allocator that counts by itself may use plain stores. Their order is kept on x86, but other
 * processors need not see it. Treat a negative sum as 0. Without a backend nothing was counted.
 */
static size_t difference(size_t allocated, size_t freed)
{
    size_t used = allocated - freed;

    if (used > SIZE_MAX / 2 && zm_backend_counts(counting_backend))
        return 0;
    return used;
}

/*
 * Read everything that was freed before anything that was allocated. Blocks that come and go in
 * between make the sum too high: hardly, or by gigabytes if the reader loses its processor just
 * there. If much was freed meanwhile, take the sum again and keep the least.
 */
static size_t sum(void)
{
    size_t freed = all_freed();
    size_t least = SIZE_MAX;

    for (unsigned looks = 0; looks < LOOKS_MAX; looks++) {
        size_t used = difference(all_allocated(), freed);
        size_t freed_since = all_freed() - freed;

        if (used < least)
            least = used;
        if (freed_since < MUCH)
            break;
        freed += freed_since;
    }
    return least;
}

static size_t sum_and_peak(void)
{
    size_t used = sum();

    if (used > peak)
        peak = used;
    return used;
}

size_t zmalloc_used_memory(void)
{
    size_t used;

    accounting_lock();
    used = sum_and_peak();
    accounting_unlock();
    return used;
}

size_t zmalloc_peak_memory(void)
{
    size_t result;

    accounting_lock();
    sum_and_peak();
    result = peak;
    accounting_unlock();
    return result;
}

struct zm_accounting zm_accounting_read(void)
{
    struct zm_accounting read;

    accounting_lock();
    read.used = sum_and_peak();
    read.peak = peak;
    read.threads = thread_count;
    accounting_unlock();
    return read;
}

/* Stores before it are visible before loads after it. gcc has no such fence for ThreadSanitizer. */
static void full_fence(void)
{
#ifndef ZM_THREAD_SANITIZER
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

void zmalloc_reset_peak(void)
{
    accounting_lock();
    __atomic_fetch_add(&peak_epoch, 1, __ATOMIC_RELAXED);
    full_fence();
    peak = sum();
    accounting_unlock();
}

/*
 * Taking the sum needs the lock, so a LIVE thread does it only at a new high of its own. The thread
 * counts before it looks for a reset, and a reset is announced before it sums up. One of them sees
 * the other, and no block is missed.
 */
void zm_accounting_large(void)
{
    struct zm_thread *thread = &zm_thread;

    if (zm_thread_is_live(thread)) {
        size_t held = counter_read(thread->allocated_at) - counter_read(thread->freed_at);
        ptrdiff_t above_high = (ptrdiff_t)(held - thread->high);
        unsigned epoch;

        full_fence();
        epoch = __atomic_load_n(&peak_epoch, __ATOMIC_RELAXED);
        if (thread->high_epoch == epoch && above_high < (ptrdiff_t)ZM_LARGE_BLOCK)
            return;
        thread->high = held;
        thread->high_epoch = epoch;
    }
    zmalloc_used_memory();
}

/* ---- fork: the child has one thread, and folds the counts of the others ---- */

void zm_accounting_before_fork(void)
{
    accounting_lock();
    zm_thread.forking = true;
}

void zm_accounting_after_fork(void)
{
    zm_thread.forking = false;
    accounting_unlock();
}

/* The storage of the other threads is still mapped in the child. */
void zm_accounting_after_fork_in_child(void)
{
    struct zm_thread *next;

    for (struct zm_thread *thread = threads; thread != NULL; thread = next) {
        next = thread->next;
        if (thread != &zm_thread)
            fold(thread);
    }
    zm_accounting_after_fork();
}
