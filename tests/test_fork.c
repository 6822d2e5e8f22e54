/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Forks while threads are at work: the child allocates, frees and counts as its parent did, whatever
 * the other threads were doing. Called with an argument this program is what the tests start: it
 * allocates, frees and exits.
 */

#include "forking.h"

#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define THREADS 16

extern char **environ;

static char *program;

/* With threads at work. The malloc of a sanitizer does not always work in their child. */
static void in_child_at_work(void (*body)(void *argument))
{
    if (UNDER_SANITIZER)
        skip();
    run_and_check(body);
}

/* ---- Threads at work ---- */

#define SHELF 256
#define LARGEST 1000

static _Atomic(void *) shelf[SHELF];
static atomic_bool stop;

/* With short breaks, that children may run on few processors. */
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

static void start_work(pthread_t threads[THREADS])
{
    void *(*const bodies[THREADS])(void *argument) = {start_short_threads, read_the_sum};

    for (size_t i = 0; i < THREADS; i++)
        child_check(pthread_create(&threads[i], NULL, bodies[i] != NULL ? bodies[i] : work,
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

static void end_work(pthread_t threads[THREADS])
{
    atomic_store(&stop, true);
    for (size_t i = 0; i < THREADS; i++)
        child_check(pthread_join(threads[i], NULL) == 0);
    clear_shelf();
    child_check(zmalloc_used_memory() == 0);
}

/* Besides what is on the shelf each thread may have two blocks in hand. */
static void take_over_the_work(void)
{
    size_t in_hand_at_most = (size_t)THREADS * 2 * 2 * LARGEST;
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

static void fork_at_work(void *argument)
{
    pthread_t threads[THREADS];

    (void)argument;
    start_work(threads);
    for (size_t i = 0; i < 30 * test_scale(); i++)
        fork_and_wait(take_over_the_work);
    end_work(threads);
}

static void children_of_busy_threads_go_on(void **state)
{
    (void)state;
    in_child_at_work(fork_at_work);
}

/* ---- Forks in a thread that is not the main one, while the others work ---- */

static void *fork_in_thread(void *argument)
{
    for (size_t i = 0; i < 10 * test_scale(); i++)
        fork_and_wait(take_over_the_work);
    return argument;
}

static void fork_in_threads_at_work(void *argument)
{
    pthread_t threads[THREADS];
    pthread_t forking[2];

    (void)argument;
    start_work(threads);
    for (size_t i = 0; i < LENGTH(forking); i++)
        child_check(pthread_create(&forking[i], NULL, fork_in_thread, NULL) == 0);
    for (size_t i = 0; i < LENGTH(forking); i++)
        child_check(pthread_join(forking[i], NULL) == 0);
    end_work(threads);
}

static void children_of_threads_go_on(void **state)
{
    (void)state;
    in_child_at_work(fork_in_threads_at_work);
}

/* ---- Other ways to start a process ---- */

static char *const program_arguments[] = {(char *)(uintptr_t) "test-fork",
                                          (char *)(uintptr_t) "run", NULL};

static void execute(void)
{
    execv(program, program_arguments);
}

static void execute_from_vfork(void)
{
    pid_t pid = vfork();

    if (pid == 0) {
        execv(program, program_arguments);
        _exit(127);
    }
    wait_for(pid);
}

static void spawn(void)
{
    pid_t pid = 0;

    child_check(posix_spawn(&pid, program, NULL, NULL, program_arguments, environ) == 0);
    wait_for(pid);
}

static void start_programs_at_work(void *argument)
{
    pthread_t threads[THREADS];

    (void)argument;
    start_work(threads);
    for (size_t i = 0; i < 10 * test_scale(); i++) {
        fork_and_wait(execute);
        execute_from_vfork();
        spawn();
    }
    end_work(threads);
}

static void programs_start_from_busy_threads(void **state)
{
    (void)state;
    run_and_check(start_programs_at_work);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        zm_test(children_of_busy_threads_go_on),
        zm_test(children_of_threads_go_on),
        zm_test(programs_start_from_busy_threads),
    };

    if (count > 1) {
        allocate_count_and_free();
        return zmalloc_used_memory() == 0 ? 0 : 1;
    }
    program = arguments[0];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
