/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Forks while threads allocate: each child allocates, frees, reads used memory and takes over what
 * it finds. At the end the parent's sum is exact. With --signals, a timer interrupts the program
 * and each of its children that often per second, and every thread is sent signals as well.
 */

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "forking.h"
#include "storm.h"
#include "work.h"

#define NANOSECONDS 1000000000

static uint64_t signals_per_second;
static atomic_size_t signals_handled;

/* It may have interrupted an allocation, so it must not allocate. */
static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&signals_handled, 1);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_RESTART};

    child_check(sigaction(SIGUSR1, &action, NULL) == 0);
}

/* Its signals go to any thread, above all to the one that forks. */
static void start_timer(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct timespec every = {.tv_nsec = (long)(NANOSECONDS / signals_per_second)};
    struct itimerspec setting = {every, every};
    timer_t timer;

    child_check(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    child_check(timer_settime(timer, 0, &setting, NULL) == 0);
}

/* A thread may have ended meanwhile; ignore that. */
static void signal_every_thread(void)
{
    DIR *tasks = opendir("/proc/self/task");

    child_check(tasks != NULL);
    for (const struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks))
        if (*task->d_name != '.')
            syscall(SYS_tgkill, getpid(), atoi(task->d_name), SIGUSR1);
    closedir(tasks);
}

static atomic_bool stop;

static void *signal_all_the_time(void *argument)
{
    while (!atomic_load(&stop)) {
        signal_every_thread();
        usleep(100);
    }
    return argument;
}

static void take_over_in_the_storm(void)
{
    size_t before = atomic_load(&signals_handled);

    start_timer();
    take_over_the_work();
    while (atomic_load(&signals_handled) == before)
        allocate_count_and_free();
}

static void fork_often(size_t forks)
{
    for (size_t i = 0; i < forks; i++)
        fork_and_wait(signals_per_second != 0 ? take_over_in_the_storm : take_over_the_work);
}

static void fork_in_the_storm(size_t forks)
{
    pthread_t sender;

    catch_signals();
    start_timer();
    child_check(pthread_create(&sender, NULL, signal_all_the_time, NULL) == 0);
    fork_often(forks);
    atomic_store(&stop, true);
    child_check(pthread_join(sender, NULL) == 0);
}

int main(int count, char **arguments)
{
    uint64_t forks = 1000;
    uint64_t threads = 16;
    const struct setting settings[] = {
        {"forks", &forks, 1, SIZE_MAX},
        {"threads", &threads, 1, 32},
        {"signals", &signals_per_second, 2, NANOSECONDS},
    };

    (void)count;
    take_settings(arguments, settings, LENGTH(settings));
    start_work((size_t)threads);
    if (signals_per_second != 0)
        fork_in_the_storm((size_t)forks);
    else
        fork_often((size_t)forks);
    end_work();
    tell_figures("%zu forks beside %zu allocating threads, %zu signals in the parent",
                 (size_t)forks, (size_t)threads, (size_t)signals_handled);
    return 0;
}
