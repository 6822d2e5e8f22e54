/* SPDX-License-Identifier: BSD-3-Clause */

/* Signal handlers that read what is in use: in the middle of an allocation, of another reading, and of
 * a thread's beginning and end. */

#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>

#define MOST ((size_t)64 << 20) /* far more than is ever in use */

static atomic_int readings;
static atomic_bool out_of_bounds;
static atomic_bool stop;

static void read_figures(int number)
{
    int section = zmalloc_peak_begin();

    (void)number;
    if (zmalloc_used_memory() > MOST || zmalloc_peak_memory() > MOST ||
        zmalloc_peak_end(section) > MOST || zmalloc_external(0) != 0)
        atomic_store(&out_of_bounds, true);
    atomic_fetch_add(&readings, 1);
}

/* Every 100 microseconds of the process. */
static void begin_signals(void)
{
    struct sigaction action = {.sa_handler = read_figures, .sa_flags = SA_RESTART};
    struct itimerval often = {{0, 100}, {0, 100}};

    child_check(sigaction(SIGPROF, &action, NULL) == 0);
    child_check(setitimer(ITIMER_PROF, &often, NULL) == 0);
}

static void end_signals(void)
{
    struct itimerval never = {{0, 0}, {0, 0}};

    child_check(setitimer(ITIMER_PROF, &never, NULL) == 0);
}

static void churn(size_t rounds)
{
    void *blocks[32] = {NULL};
    uint64_t random = 7;

    for (size_t i = 0; i < rounds; i++) {
        size_t place = next_random(&random) % 32;

        blocks[place] = zrealloc(blocks[place], 1 + (size_t)(next_random(&random) % 3000));
    }
    for (size_t i = 0; i < 32; i++)
        zfree(blocks[i]);
}

static void *work(void *argument)
{
    while (!atomic_load(&stop)) {
        churn(500);
        child_check(zmalloc_used_memory() < MOST);
    }
    return argument;
}

static void *live_briefly(void *argument)
{
    churn(100);
    return argument;
}

/* Until there were enough, or long enough: a sanitizer delivers few. */
static bool is_enough(time_t end)
{
    return (size_t)atomic_load(&readings) >= scaled(3000) || time(NULL) > end;
}

static void read_in_handlers(void *argument)
{
    time_t end = time(NULL) + 3;
    pthread_t worker;

    (void)argument;
    churn(200);
    begin_signals();
    child_check(pthread_create(&worker, NULL, work, NULL) == 0);
    while (!is_enough(end)) {
        pthread_t thread;

        churn(200);
        child_check(zmalloc_used_memory() < MOST);
        child_check(pthread_create(&thread, NULL, live_briefly, NULL) == 0);
        child_check(pthread_join(thread, NULL) == 0);
    }
    atomic_store(&stop, true);
    child_check(pthread_join(worker, NULL) == 0);
    end_signals();
    child_check(atomic_load(&readings) > 0 && !atomic_load(&out_of_bounds));
    child_check(zmalloc_used_memory() == 0);
}

static void handlers_may_read_at_any_moment(void **state)
{
    struct outcome outcome;

    (void)state;
    /* Also a program without us, half of the times. */
    skip_under_emulator_of_i386("of i386 often crashes over signals while threads come and go");
    outcome = run_child(read_in_handlers, NULL);
    assert_exited_with(&outcome, 0);
}

/* ---- A thread that ends in a handler ---- */

static pthread_t ending;
static atomic_bool reads;

static void end_thread(int number)
{
    (void)number;
    if (pthread_equal(pthread_self(), ending))
        pthread_exit(NULL);
}

/* The signal comes while it reads: nothing else may be left half done. */
static void *read_for_ever(void *argument)
{
    churn(200);
    atomic_store(&reads, true);
    for (;;)
        zmalloc_used_memory();
    return argument;
}

static void end_readers(void *argument)
{
    struct sigaction action = {.sa_handler = end_thread};

    (void)argument;
    child_check(sigaction(SIGUSR1, &action, NULL) == 0);
    for (size_t i = 0; i < scaled(20); i++) {
        atomic_store(&reads, false);
        child_check(pthread_create(&ending, NULL, read_for_ever, NULL) == 0);
        while (!atomic_load(&reads))
            sched_yield();
        child_check(pthread_kill(ending, SIGUSR1) == 0);
        child_check(pthread_join(ending, NULL) == 0);
    }
    child_check(zmalloc_used_memory() == 0);
}

static void a_thread_may_end_while_it_reads(void **state)
{
    struct outcome outcome;

    (void)state;
    if (UNDER_SANITIZER)
        skip(); /* it holds signals back */
    outcome = run_child(end_readers, NULL);
    assert_exited_with(&outcome, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(handlers_may_read_at_any_moment),
        zm_test(a_thread_may_end_while_it_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
