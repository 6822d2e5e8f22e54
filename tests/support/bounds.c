/* SPDX-License-Identifier: BSD-3-Clause */

#include "bounds.h"

#include <pthread.h>
#include <stdatomic.h>

#define KIB ((size_t)1 << 10)
#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define THREADS_MAX 16

static atomic_bool stop;

/* ---- What was allocated and freed ---- */

static atomic_size_t surely_allocated;
static atomic_size_t maybe_allocated;
static atomic_size_t surely_freed;
static atomic_size_t maybe_freed;

/* More than any backend turns a request into. */
static size_t most_of(size_t size)
{
    return 2 * size + 16384;
}

static void *counted_alloc(size_t size)
{
    size_t counted;
    void *block;

    atomic_fetch_add(&maybe_allocated, most_of(size));
    block = zmalloc(size);
    counted = zmalloc_size(block);
    child_check(counted <= most_of(size));
    atomic_fetch_sub(&maybe_allocated, most_of(size) - counted);
    atomic_fetch_add(&surely_allocated, counted);
    return block;
}

static void counted_free(void *block)
{
    size_t counted = zmalloc_size(block);

    atomic_fetch_add(&maybe_freed, counted);
    zfree(block);
    atomic_fetch_add(&surely_freed, counted);
}

/* ---- The threads ---- */

static pthread_t fillers[THREADS_MAX];
static size_t filler_count;
static _Atomic(void *) shelf[16];

static void *fill_and_empty_shelf(void *argument)
{
    uint64_t random = (uint64_t)(uintptr_t)argument;

    while (!atomic_load(&stop)) {
        uint64_t number = next_random(&random);
        void *block = number % 2 == 0 ? counted_alloc((size_t)(number >> 20) % (20 * KIB)) : NULL;

        counted_free(atomic_exchange(&shelf[number % LENGTH(shelf)], block));
    }
    return NULL;
}

static void *live_briefly(void *argument)
{
    for (size_t i = 0; i < 40; i++)
        counted_free(counted_alloc(100 * i));
    return argument;
}

void start_bounded_work(size_t threads)
{
    filler_count = threads;
    child_check(threads <= THREADS_MAX);
    for (size_t i = 0; i < threads; i++)
        child_check(pthread_create(&fillers[i], NULL, fill_and_empty_shelf, (void *)(uintptr_t)i) ==
                    0);
}

/* ---- The readings ---- */

static void check_one_reading(void)
{
    size_t allocated_before = surely_allocated;
    size_t freed_before = surely_freed;
    size_t used = zmalloc_used_memory();
    size_t freed_after = maybe_freed;
    size_t allocated_after = maybe_allocated;

    child_check((ptrdiff_t)(used - (allocated_before - freed_after)) >= 0);
    child_check((ptrdiff_t)(used - (allocated_after - freed_before)) <= 0);
}

static void read_beside_a_brief_thread(void)
{
    pthread_t brief;

    child_check(pthread_create(&brief, NULL, live_briefly, NULL) == 0);
    check_one_reading();
    child_check(pthread_join(brief, NULL) == 0);
}

void check_readings(size_t count, size_t per_brief_thread)
{
    for (size_t i = 0; i < count; i++)
        if (i % per_brief_thread == 0)
            read_beside_a_brief_thread();
        else
            check_one_reading();
}

void end_bounded_work(void)
{
    atomic_store(&stop, true);
    for (size_t i = 0; i < filler_count; i++)
        child_check(pthread_join(fillers[i], NULL) == 0);
    check_one_reading();
    for (size_t i = 0; i < LENGTH(shelf); i++)
        zfree(shelf[i]);
    child_check(zmalloc_used_memory() == 0);
}
