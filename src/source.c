/* SPDX-License-Identifier: BSD-3-Clause */

#include "source.h"

#include <sched.h>
#include <time.h>

const struct zmalloc_backend *zm_counting_backend;

/* ---- Sources ---- */

/* Nobody looks through it now. In the child of a fork a reader that has vanished may have, which the
 * thread sanitizer would call a race. */
static void show_through(size_t *base, const zm_counter **at, size_t shown,
                         const zm_counter *counter)
{
    __atomic_store_n(at, counter, __ATOMIC_RELAXED);
    __atomic_store_n(base, shown - zm_counter_read(counter), __ATOMIC_RELAXED);
}

bool zm_source_add(struct zm_node *node)
{
    const uint64_t *allocated = NULL;
    const uint64_t *freed = NULL;

    if (zm_counting_backend->thread_counters(&allocated, &freed) != 0)
        return false;
    show_through(&node->source.allocated_base, &node->source.allocated_at, node->allocated,
                 (const zm_counter *)allocated);
    show_through(&node->source.freed_base, &node->source.freed_at, node->freed,
                 (const zm_counter *)freed);
    __atomic_store_n(&node->has_source, 1, __ATOMIC_RELEASE);
    return true;
}

/* The values are there before the source goes. */
void zm_source_drop(struct zm_node *node)
{
    __atomic_store_n(&node->freed, zm_freed_through(&node->source), __ATOMIC_RELEASE);
    __atomic_store_n(&node->allocated, zm_allocated_through(&node->source), __ATOMIC_RELEASE);
    __atomic_store_n(&node->has_source, 0, __ATOMIC_SEQ_CST);
}

/* ---- Readers ---- */

/* Readers that may have seen a source. */
static unsigned readers;

/* Whoever finds no source afterwards has come after one that was taken away; whoever takes one away
 * afterwards sees this reader. */
void zm_begin_reading(void)
{
    zm_thread.readings++;
    __atomic_fetch_add(&readers, 1, __ATOMIC_SEQ_CST);
}

void zm_end_reading(void)
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

void zm_wait_for_readers(void)
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

void zm_forget_own_readings(void)
{
    __atomic_fetch_sub(&readers, zm_thread.readings, __ATOMIC_SEQ_CST);
    zm_thread.readings = 0;
}

void zm_readers_in_child(void)
{
    __atomic_store_n(&readers, zm_thread.readings, __ATOMIC_SEQ_CST);
    __atomic_store_n(&lost_readings, 0, __ATOMIC_RELAXED);
}
