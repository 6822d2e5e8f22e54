/* SPDX-License-Identifier: BSD-3-Clause */

#include "accounting.h"

#include <errno.h>
#include <pthread.h>

/* A definition without the attribute would lose the model that its declaration gives. */
_Thread_local struct zm_thread zm_thread __attribute__((tls_model("initial-exec")));

/* What threads counted that are not in the list. */
static zm_counter shared_allocated;
static zm_counter shared_freed;

/* Guards the list, the peak, and folding. A leaf: nothing is called while it is held. */
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

/* Handlers of pthread_atfork that were registered before ours run while ours hold the locks: the
 * forking thread has them. */
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

static void shared_add(size_t allocated, size_t freed)
{
    if (allocated != 0)
        __atomic_fetch_add(&shared_allocated, allocated, __ATOMIC_RELAXED);
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

/* Moves what a thread has counted to the shared counters. Under the lock: no reader sees half. */
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

/* Points the thread at the counters that will be its own; false where the allocator has none. */
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
    /* Somebody may be reading that nothing is in use yet. */
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
 * An allocator that counts by itself may do so with plain stores, whose order another processor
 * need not see; x86 keeps it. Such a sum below zero is none. Without a backend nothing was counted.
 */
static size_t difference(size_t allocated, size_t freed)
{
    size_t used = allocated - freed;

    if (used > SIZE_MAX / 2 && zm_backend_counts(counting_backend))
        return 0;
    return used;
}

/*
 * All that was freed is read before anything that was allocated. What is freed in between makes the
 * sum too high: hardly, or by gigabytes where the reader loses its processor just there. So that is
 * looked at, and where it is much the sum is taken again.
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

/* What was stored before it is seen before what follows is loaded. gcc has none for
 * ThreadSanitizer. */
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
 * A thread that is LIVE looks at the sum, which takes the lock, only on a new high of its own. It
 * counts before it looks for a reset, and a reset is told before it sums up: one of them sees the
 * other, so no block falls between.
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

/* ---- fork: the child has one thread, and folds the others ---- */

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

/* The storage of the other threads is still mapped here. */
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
