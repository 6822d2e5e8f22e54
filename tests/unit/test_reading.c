/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc_used_memory() while other threads allocate, free and reallocate: at least what is in use
 * all the time, and at most what could have been. */

#include "bounds.h"
#include "support.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#define KIB ((size_t)1 << 10)
#define LENGTH(array) (sizeof(array) / sizeof *(array))

static atomic_bool stop;

/* If threads take turns, readings are rare. */
static size_t readings(void)
{
    return scaled(under_valgrind() ? 200 : 50000);
}

static void in_child(void (*body)(void *argument))
{
    struct outcome outcome = run_child(body, NULL);

    assert_exited_with(&outcome, 0);
}

static void start_thread(pthread_t *thread, void *(*body)(void *argument), void *argument)
{
    child_check(pthread_create(thread, NULL, body, argument) == 0);
}

static void join_threads(const pthread_t *threads, size_t count)
{
    for (size_t i = 0; i < count; i++)
        child_check(pthread_join(threads[i], NULL) == 0);
}

/* Enough operations for the thread to get its own counters. */
static void register_thread(void)
{
    for (size_t i = 0; i < 100; i++)
        zfree(zmalloc(100));
}

/* ---- Registered threads that do nothing: the longer the list, the longer a reading takes ---- */

#define IDLERS 40

static pthread_t idlers[IDLERS];
static pthread_barrier_t idlers_are_ready;
static pthread_barrier_t idlers_may_go;

static void *idle(void *argument)
{
    (void)argument;
    register_thread();
    pthread_barrier_wait(&idlers_are_ready);
    pthread_barrier_wait(&idlers_may_go);
    return NULL;
}

static void start_idlers(void)
{
    pthread_barrier_init(&idlers_are_ready, NULL, IDLERS + 1);
    pthread_barrier_init(&idlers_may_go, NULL, IDLERS + 1);
    for (size_t i = 0; i < IDLERS; i++)
        start_thread(&idlers[i], idle, NULL);
    pthread_barrier_wait(&idlers_are_ready);
}

static void end_idlers(void)
{
    pthread_barrier_wait(&idlers_may_go);
    join_threads(idlers, IDLERS);
}

/* ---- A floor of live bytes ---- */

#define HELD 4
#define HELD_SIZE (64 * KIB)
#define HANDED_SIZE (48 * KIB)

static void *held[HELD];

/* Each always holds HELD_SIZE, and hardly more: what exceeds the floor would hide a reading that is
 * too low. */
static void *resize_held(void *argument)
{
    (void)argument;
    for (size_t i = 0; !atomic_load(&stop); i++)
        held[i % HELD] = zrealloc(held[i % HELD], HELD_SIZE + i % 5);
    return NULL;
}

static void *churn(void *argument)
{
    (void)argument;
    while (!atomic_load(&stop)) {
        void *first = zmalloc(2 * KIB);
        void *second = zcalloc(100);

        zfree(first);
        zfree(second);
    }
    return NULL;
}

static _Atomic(void *) handed_over;

static void *hand_over(void *argument)
{
    (void)argument;
    while (!atomic_load(&stop))
        zfree(atomic_exchange(&handed_over, zmalloc(HANDED_SIZE)));
    return NULL;
}

static void *take_over(void *argument)
{
    (void)argument;
    while (!atomic_load(&stop))
        zfree(atomic_exchange(&handed_over, NULL));
    return NULL;
}

/* The same in a thread that has exited but for its key destructors. */
static pthread_key_t late_key;

static void hand_over_late(void *argument)
{
    hand_over(argument);
}

static void *become_late(void *argument)
{
    (void)argument;
    child_check(pthread_setspecific(late_key, &late_key) == 0);
    return NULL;
}

/* Registers, and leaves a block to be freed after it is gone. */
static void *live_briefly(void *argument)
{
    (void)argument;
    for (size_t i = 0; i < 50; i++)
        zfree(zmalloc(2 * KIB));
    zfree(atomic_exchange(&handed_over, zmalloc(HANDED_SIZE)));
    return NULL;
}

static void *start_brief_threads(void *argument)
{
    (void)argument;
    while (!atomic_load(&stop)) {
        pthread_t thread;

        start_thread(&thread, live_briefly, NULL);
        join_threads(&thread, 1);
    }
    return NULL;
}

static void *(*const workers[])(void *argument) = {
    take_over, resize_held, churn, hand_over, become_late, start_brief_threads,
};

static pthread_t threads[LENGTH(workers)];
static sem_t is_registered;

static void *work(void *argument)
{
    void *(*const *worker)(void *argument) = argument;

    register_thread();
    sem_post(&is_registered);
    return (*worker)(NULL);
}

static void start_worker(size_t number)
{
    start_thread(&threads[number], work, (void *)(uintptr_t)&workers[number]);
    while (sem_wait(&is_registered) != 0)
        ;
}

/* In the list, the idle threads are between one that frees what others allocate and the others. */
static void start_workers(void)
{
    for (size_t i = 0; i < HELD; i++)
        held[i] = zmalloc(HELD_SIZE);
    sem_init(&is_registered, 0, 0);
    child_check(pthread_key_create(&late_key, hand_over_late) == 0);
    start_worker(0);
    start_idlers();
    for (size_t i = 1; i < LENGTH(workers); i++)
        start_worker(i);
}

static void end_workers(void)
{
    atomic_store(&stop, true);
    join_threads(threads, LENGTH(workers));
    end_idlers();
    for (size_t i = 0; i < HELD; i++)
        zfree(held[i]);
    zfree(handed_over);
}

static void watch_the_floor(void *argument)
{
    (void)argument;
    start_workers();
    for (size_t left = readings(); left > 0; left--) {
        size_t used = zmalloc_used_memory();

        child_check(used >= HELD * HELD_SIZE);
        child_check(used < SIZE_MAX / 2);
        child_check(zmalloc_peak_memory() >= used);
    }
    end_workers();
    child_check(zmalloc_used_memory() == 0);
}

static void never_below_what_is_live(void **state)
{
    (void)state;
    in_child(watch_the_floor);
}

/* ---- A ceiling: threads that allocate and free much in no time ---- */

#define LARGE ((size_t)1000 * KIB)
#define CHURNERS 3
/* Far above what is live, but far below what passes through while a reader waits for a
 * processor. */
#define CEILING (100 * CHURNERS * LARGE)

static void *churn_large(void *argument)
{
    register_thread();
    while (!atomic_load(&stop)) {
        void *volatile block = zmalloc(LARGE);

        zfree(block);
    }
    return argument;
}

static void watch_the_ceiling(void *argument)
{
    pthread_t churners[CHURNERS];

    (void)argument;
    start_idlers();
    for (size_t i = 0; i < CHURNERS; i++)
        start_thread(&churners[i], churn_large, NULL);
    for (size_t left = 3 * readings(); left > 0; left--)
        child_check(zmalloc_used_memory() < CEILING);
    atomic_store(&stop, true);
    join_threads(churners, CHURNERS);
    end_idlers();
    child_check(zmalloc_peak_memory() < CEILING);
    child_check(zmalloc_used_memory() == 0);
}

static void never_far_above_what_is_live(void **state)
{
    (void)state;
    in_child(watch_the_ceiling);
}

/* ---- Bounds kept beside ---- */

static void watch_the_bounds(void *argument)
{
    (void)argument;
    start_bounded_work(3);
    check_readings(readings(), 100);
    end_bounded_work();
}

static void never_beyond_what_may_be_live(void **state)
{
    (void)state;
    in_child(watch_the_bounds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(never_below_what_is_live),
        zm_test(never_far_above_what_is_live),
        zm_test(never_beyond_what_may_be_live),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
