/* SPDX-License-Identifier: BSD-3-Clause */

#include "work.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "forking.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define SHELF 256
#define LARGEST 1000
#define WORKERS_MAX 64

static _Atomic(void *) shelf[SHELF];
static atomic_bool stop;
static pthread_t workers[WORKERS_MAX];
static size_t worker_count;

/* With short breaks, so children can run on few processors. */
static void *work(void *argument)
{
    uint64_t random = (uint64_t)(uintptr_t)argument;

    for (size_t i = 1; !atomic_load(&stop); i++) {
        uint64_t number = next_random(&random);
        void *block = zmalloc((size_t)(number >> 32) % LARGEST);

        zfree(atomic_exchange(&shelf[number % SHELF], block));
        if (i % 256 == 0)
            usleep(200);
    }
    return NULL;
}

static void *start_short_threads(void *argument)
{
    while (!atomic_load(&stop)) {
        pthread_t thread;

        child_check(pthread_create(&thread, NULL, live_shortly, NULL) == 0);
        child_check(pthread_join(thread, NULL) == 0);
    }
    return argument;
}

static void *read_the_sum(void *argument)
{
    while (!atomic_load(&stop))
        child_check(zmalloc_used_memory() < SIZE_MAX / 2);
    return argument;
}

void start_work(size_t allocating)
{
    void *(*const others[])(void *argument) = {start_short_threads, read_the_sum};

    worker_count = allocating + LENGTH(others);
    child_check(worker_count <= WORKERS_MAX);
    for (size_t i = 0; i < worker_count; i++)
        child_check(pthread_create(&workers[i], NULL, i < LENGTH(others) ? others[i] : work,
                                   (void *)(uintptr_t)i) == 0);
    while (atomic_load(&shelf[0]) == NULL || atomic_load(&shelf[SHELF - 1]) == NULL)
        usleep(100);
}

static size_t clear_shelf(void)
{
    size_t held = 0;

    for (size_t i = 0; i < SHELF; i++) {
        void *block = atomic_exchange(&shelf[i], NULL);

        held += zmalloc_size(block);
        zfree(block);
    }
    return held;
}

void end_work(void)
{
    atomic_store(&stop, true);
    for (size_t i = 0; i < worker_count; i++)
        child_check(pthread_join(workers[i], NULL) == 0);
    clear_shelf();
    child_check(zmalloc_used_memory() == 0);
}

/* Besides what is on the shelf, each thread may hold two blocks. */
void take_over_the_work(void)
{
    size_t in_hand_at_most = worker_count * 2 * 2 * LARGEST;
    size_t used = zmalloc_used_memory();
    size_t held;

    allocate_count_and_free();
    held = clear_shelf();
    child_check(held > 0 && held <= used);
    child_check(zmalloc_used_memory() == used - held);
    child_check(used - held <= in_hand_at_most);
    allocate_count_and_free();
    child_check(zmalloc_used_memory() == used - held);
}
