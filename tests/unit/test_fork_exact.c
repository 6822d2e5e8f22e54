/* SPDX-License-Identifier: BSD-3-Clause */

/* Forks while threads wait, in each state of their lives. Here the child's sum is known exactly. */

#include "forking.h"

#include <pthread.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

#define KEPT_MAX 100

static pthread_key_t late_key;
static pthread_barrier_t all_wait;
static pthread_barrier_t all_may_go;

struct waiter {
    size_t count;
    bool late; /* waits in a key destructor */
    void *kept[KEPT_MAX];
};

/* The last is the main thread. */
static struct waiter waiters[] = {
    {.count = 1},   {.count = 0},   {.count = 30, .late = true},  {.count = 5},
    {.count = 100}, {.count = 100}, {.count = 100, .late = true}, {.count = 90},
};

#define WAITING (LENGTH(waiters) - 1)

static void keep(struct waiter *waiter)
{
    for (size_t i = 0; i < waiter->count; i++)
        waiter->kept[i] = zmalloc(100 + i * 3);
}

static void wait_in_destructor(void *argument)
{
    zfree(zmalloc(100));
    pthread_barrier_wait(&all_wait);
    pthread_barrier_wait(&all_may_go);
    (void)argument;
}

static void *keep_and_wait(void *argument)
{
    struct waiter *waiter = argument;

    keep(waiter);
    if (waiter->late)
        child_check(pthread_setspecific(late_key, waiter) == 0);
    else
        wait_in_destructor(waiter);
    return NULL;
}

static size_t sum_kept(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < LENGTH(waiters); i++)
        for (size_t j = 0; j < waiters[i].count; j++)
            sum += zmalloc_size(waiters[i].kept[j]);
    return sum;
}

static void free_kept(void)
{
    for (size_t i = 0; i < LENGTH(waiters); i++)
        for (size_t j = 0; j < waiters[i].count; j++)
            zfree(waiters[i].kept[j]);
}

static void start_waiters(pthread_t threads[WAITING])
{
    child_check(pthread_key_create(&late_key, wait_in_destructor) == 0);
    pthread_barrier_init(&all_wait, NULL, WAITING + 1);
    pthread_barrier_init(&all_may_go, NULL, WAITING + 1);
    for (size_t i = 0; i < WAITING; i++)
        child_check(pthread_create(&threads[i], NULL, keep_and_wait, &waiters[i]) == 0);
    keep(&waiters[WAITING]);
    pthread_barrier_wait(&all_wait);
}

/* Their stacks and thread-local storage are those of the parent's threads. The thread sanitizer
 * allows no threads here. */
static void run_threads_in_child(void)
{
    pthread_t threads[10];

    if (UNDER_THREAD_SANITIZER)
        return;
    for (size_t i = 0; i < LENGTH(threads); i++)
        child_check(pthread_create(&threads[i], NULL, live_shortly, NULL) == 0);
    for (size_t i = 0; i < LENGTH(threads); i++)
        child_check(pthread_join(threads[i], NULL) == 0);
}

static void free_all_kept(void)
{
    size_t used = zmalloc_used_memory();

    child_check(used == sum_kept());
    allocate_count_and_free();
    run_threads_in_child();
    child_check(zmalloc_used_memory() == used);
    child_check(zmalloc_peak_memory() >= used);
    free_kept();
    child_check(zmalloc_used_memory() == 0);
    zmalloc_reset_peak();
    child_check(zmalloc_peak_memory() == 0);
    allocate_count_and_free();
}

/* The child's first thread ends like any other, and the process continues. */
static void *free_after_the_first(void *argument)
{
    child_check(pthread_join(*(pthread_t *)argument, NULL) == 0);
    free_all_kept();
    _exit(0);
}

static void end_the_first_thread(void)
{
    static pthread_t first;
    pthread_t thread;

    first = pthread_self();
    live_shortly(NULL);
    child_check(pthread_create(&thread, NULL, free_after_the_first, &first) == 0);
    pthread_exit(NULL);
}

static void fork_again_then_free(void)
{
    size_t used = zmalloc_used_memory();

    fork_and_wait(free_all_kept);
    child_check(zmalloc_used_memory() == used);
    free_all_kept();
}

static void fork_thrice_then_free(void)
{
    run_threads_in_child();
    fork_and_wait(fork_again_then_free);
    fork_again_then_free();
}

static void fork_with_waiters(void *argument)
{
    pthread_t threads[WAITING];
    size_t used;

    (void)argument;
    start_waiters(threads);
    used = sum_kept();
    child_check(zmalloc_used_memory() == used);
    fork_and_wait(free_all_kept);
    fork_and_wait(fork_thrice_then_free);
    if (!UNDER_THREAD_SANITIZER && first_thread_of_child_may_end())
        fork_and_wait(end_the_first_thread);
    child_check(zmalloc_used_memory() == used);
    pthread_barrier_wait(&all_may_go);
    for (size_t i = 0; i < WAITING; i++)
        child_check(pthread_join(threads[i], NULL) == 0);
    child_check(zmalloc_used_memory() == used);
    free_kept();
    child_check(zmalloc_used_memory() == 0);
}

static void the_sum_is_exact_in_children(void **state)
{
    (void)state;
    skip_under_emulator("does not survive threads that a forked child starts");
    if (!first_thread_of_child_may_end())
        print_message("skipped: with this C library nobody can join the first thread of a child\n");
    run_and_check(fork_with_waiters);
}

/* ---- fork in a thread that is at its end ---- */

static pthread_key_t forking_key;
static void *left_behind;

static void free_all_left(void)
{
    child_check(zmalloc_used_memory() == zmalloc_size(left_behind));
    zfree(left_behind);
    child_check(zmalloc_used_memory() == 0);
    allocate_count_and_free();
}

static void fork_in_destructor(void *argument)
{
    (void)argument;
    fork_and_wait(free_all_left);
}

static void *leave_and_fork_at_the_end(void *argument)
{
    live_shortly(NULL);
    left_behind = zmalloc(700);
    child_check(pthread_setspecific(forking_key, &forking_key) == 0);
    return argument;
}

static void fork_at_the_end(void *argument)
{
    pthread_t thread;

    (void)argument;
    child_check(pthread_key_create(&forking_key, fork_in_destructor) == 0);
    child_check(pthread_create(&thread, NULL, leave_and_fork_at_the_end, NULL) == 0);
    child_check(pthread_join(thread, NULL) == 0);
    free_all_left();
}

static void a_thread_may_fork_in_its_destructors(void **state)
{
    (void)state;
    run_and_check(fork_at_the_end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(the_sum_is_exact_in_children),
        zm_test(a_thread_may_fork_in_its_destructors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
