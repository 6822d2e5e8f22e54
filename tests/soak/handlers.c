/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Signal handlers that read. A timer of its own interrupts each thread every so many microseconds,
 * whatever it is doing: it allocates, reads, begins or ends. Each handler reads used memory, that
 * of a zone, and the peak. The first thread gets no signals. It watches the others, and if one hangs,
 * it says which one and where.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "storm.h"
#include "zmalloc_zone.h"

#define WORKERS_MAX 32
#define BLOCKS 32
#define LARGEST 3000
#define MOST (64 * MIB) /* far more than is ever in use */
#define KEPT 10000

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static uint64_t microseconds = 100;
static struct zmalloc_zone *zone;
static void *kept; /* in the zone */
static atomic_bool stop;
static atomic_size_t brief_threads;

struct worker {
    void (*step)(struct worker *worker);
    const char *does;
    pthread_t thread;
    uint64_t random;
    void *blocks[BLOCKS];
    timer_t timer;
    atomic_long id;
    atomic_size_t steps;
    atomic_size_t handlers_begun;
    atomic_size_t handlers_ended;
    size_t steps_seen; /* by the first thread, at `seen` */
    double seen;
};

static struct worker workers[WORKERS_MAX];
static struct worker briefs[WORKERS_MAX]; /* one at a time for each that starts them */
static size_t worker_count;
static __thread struct worker *current;

/* ---- Readings ---- */

/* Async-signal-safe: child_check() is not, so a handler notes what it found. */
static atomic_size_t out_of_bounds;

static bool is_between(size_t figure, size_t least)
{
    if (figure >= least && figure <= MOST)
        return true;
    atomic_store(&out_of_bounds, figure);
    return false;
}

static bool read_figures(void)
{
    int section = zmalloc_peak_begin();
    size_t used = zmalloc_used_memory();
    size_t in_zone = zmalloc_zone_used(zone);

    return is_between(zmalloc_peak_end(section), KEPT) && is_between(used, KEPT) &&
           is_between(in_zone, KEPT) && is_between(zmalloc_peak_memory(), KEPT);
}

static void read_in_handler(int number)
{
    struct worker *worker = current;
    int saved_errno = errno;

    (void)number;
    atomic_fetch_add(&worker->handlers_begun, 1);
    read_figures();
    atomic_fetch_add(&worker->handlers_ended, 1);
    errno = saved_errno;
}

/* ---- Signals ---- */

static void block_signals(int how)
{
    sigset_t ours;

    sigemptyset(&ours);
    sigaddset(&ours, SIGUSR1);
    child_check(pthread_sigmask(how, &ours, NULL) == 0);
}

/* By the clock: the kernel looks at timers of processor time only at its ticks, thousands of
 * microseconds apart. */
static void interrupt_this_thread(struct worker *worker)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
    struct timespec every = {.tv_sec = (time_t)(microseconds / 1000000),
                             .tv_nsec = (long)(microseconds % 1000000 * 1000)};
    struct itimerspec setting = {every, every};

    current = worker;
    atomic_store(&worker->id, syscall(SYS_gettid));
    event.sigev_notify_thread_id = (pid_t)atomic_load(&worker->id);
    child_check(timer_create(CLOCK_MONOTONIC, &event, &worker->timer) == 0);
    child_check(timer_settime(worker->timer, 0, &setting, NULL) == 0);
    block_signals(SIG_UNBLOCK);
}

/* ---- What the threads do ---- */

static void replace_a_block(struct worker *worker, struct zmalloc_zone *in)
{
    uint64_t number = next_random(&worker->random);
    void **block = &worker->blocks[number % BLOCKS];
    size_t size = 1 + (size_t)(number >> 20) % LARGEST;

    if (number >> 60 == 0) {
        zfree_in(in, *block);
        *block = zcalloc_in(in, size * 30);
    } else {
        *block = zrealloc_in(in, *block, size);
    }
}

static void churn(struct worker *worker)
{
    replace_a_block(worker, NULL);
}

static void churn_in_zone(struct worker *worker)
{
    replace_a_block(worker, zone);
}

static void read_all_the_time(struct worker *worker)
{
    (void)worker;
    read_figures();
}

static void free_blocks(struct worker *worker)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        zfree_in(worker->step == churn_in_zone ? zone : NULL, worker->blocks[i]);
        worker->blocks[i] = NULL;
    }
}

static void *live_briefly(void *argument)
{
    struct worker *brief = argument;

    interrupt_this_thread(brief);
    for (size_t i = 0; i < 100; i++)
        churn(brief);
    free_blocks(brief);
    return NULL;
}

/* Its timer outlives a thread, so that signals come at its very end. */
static void start_a_brief_thread(struct worker *worker)
{
    struct worker *brief = &briefs[worker - workers];

    block_signals(SIG_BLOCK);
    child_check(pthread_create(&brief->thread, NULL, live_briefly, brief) == 0);
    block_signals(SIG_UNBLOCK);
    child_check(pthread_join(brief->thread, NULL) == 0);
    child_check(timer_delete(brief->timer) == 0);
    atomic_fetch_add(&brief_threads, 1);
}

static void *work(void *argument)
{
    struct worker *worker = argument;

    interrupt_this_thread(worker);
    while (!atomic_load(&stop)) {
        worker->step(worker);
        atomic_fetch_add(&worker->steps, 1);
    }
    child_check(timer_delete(worker->timer) == 0);
    free_blocks(worker);
    return NULL;
}

static const struct {
    void (*step)(struct worker *worker);
    const char *does;
} kinds[] = {
    {churn, "allocates"},
    {read_all_the_time, "reads"},
    {start_a_brief_thread, "starts threads"},
    {churn_in_zone, "allocates in a zone"},
};

static void start_workers(void)
{
    struct sigaction action = {.sa_handler = read_in_handler, .sa_flags = SA_RESTART};

    child_check(sigaction(SIGUSR1, &action, NULL) == 0);
    block_signals(SIG_BLOCK);
    for (size_t i = 0; i < worker_count; i++) {
        struct worker *worker = &workers[i];

        worker->step = kinds[i % LENGTH(kinds)].step;
        worker->does = kinds[i % LENGTH(kinds)].does;
        worker->random = i;
        briefs[i].random = i + WORKERS_MAX;
        worker->seen = seconds_now();
        child_check(pthread_create(&worker->thread, NULL, work, worker) == 0);
    }
}

/* ---- The watchdog ---- */

/* A line of /proc about a thread, without its newline. */
static void read_task_file(const struct worker *worker, const char *file, char line[200])
{
    char path[100];
    FILE *stream;

    snprintf(path, sizeof path, "/proc/self/task/%ld/%s", atomic_load(&worker->id), file);
    stream = fopen(path, "r");
    if (stream == NULL || fgets(line, 200, stream) == NULL)
        strcpy(line, "unknown");
    line[strcspn(line, "\n")] = '\0';
    if (stream != NULL)
        fclose(stream);
}

static void tell_of(const struct worker *worker, const char *does)
{
    char wchan[200];
    char call[200];

    read_task_file(worker, "wchan", wchan);
    read_task_file(worker, "syscall", call);
    fprintf(stderr, "  thread %ld, which %s: %zu steps, %zu of %zu handlers done; wchan %s, %s\n",
            atomic_load(&worker->id), does, atomic_load(&worker->steps),
            atomic_load(&worker->handlers_ended), atomic_load(&worker->handlers_begun), wchan,
            call);
}

static void report_hang(const struct worker *hung, double seconds)
{
    for (size_t i = 0; i < worker_count; i++) {
        tell_of(&workers[i], workers[i].does);
        if (workers[i].step == start_a_brief_thread)
            tell_of(&briefs[i], "lives briefly");
    }
    fprintf(stderr, "handlers: thread %ld, which %s, hung: no step for %.0f seconds\n",
            atomic_load(&hung->id), hung->does, seconds);
    abort();
}

/* Returns the longest time that any of them has been without a step. */
static double look_at_workers(double patience)
{
    double now = seconds_now();
    double longest = 0;

    for (size_t i = 0; i < worker_count; i++) {
        struct worker *worker = &workers[i];
        size_t steps = atomic_load(&worker->steps);

        if (now - worker->seen > longest)
            longest = now - worker->seen;
        if (steps == worker->steps_seen && now - worker->seen > patience)
            report_hang(worker, now - worker->seen);
        if (steps != worker->steps_seen)
            worker->seen = now;
        worker->steps_seen = steps;
    }
    child_check(atomic_load(&out_of_bounds) == 0);
    return longest;
}

static double watch(double seconds, double patience)
{
    const struct timespec moment = {.tv_nsec = 100000000};
    double end = seconds_now() + seconds;
    double longest = 0;

    while (seconds_now() < end) {
        double without;

        nanosleep(&moment, NULL);
        without = look_at_workers(patience);
        if (without > longest)
            longest = without;
    }
    return longest;
}

/* pthread_join() alone would not tell us which thread hangs. */
static void end_workers(double patience)
{
    struct timespec end;

    atomic_store(&stop, true);
    for (size_t i = 0; i < worker_count; i++) {
        clock_gettime(CLOCK_REALTIME, &end);
        end.tv_sec += (time_t)patience;
        if (pthread_timedjoin_np(workers[i].thread, NULL, &end) != 0)
            report_hang(&workers[i], patience);
    }
}

/* ---- All of it ---- */

static size_t all_handlers(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < worker_count; i++)
        sum += atomic_load(&workers[i].handlers_ended) + atomic_load(&briefs[i].handlers_ended);
    return sum;
}

static size_t all_steps(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < worker_count; i++)
        sum += atomic_load(&workers[i].steps);
    return sum;
}

int main(int count, char **arguments)
{
    uint64_t seconds = 600;
    uint64_t threads = LENGTH(kinds);
    uint64_t patience = 60;
    const struct setting settings[] = {
        {"seconds", &seconds, 1, 1000000},
        {"microseconds", &microseconds, 10, 1000000},
        {"threads", &threads, LENGTH(kinds), WORKERS_MAX},
        {"patience", &patience, 1, 1000000},
    };
    double longest;

    (void)count;
    take_settings(arguments, settings, LENGTH(settings));
    worker_count = (size_t)threads;
    zone = zmalloc_zone_create("handlers", NULL);
    child_check(zone != NULL);
    kept = zmalloc_in(zone, KEPT);
    start_workers();
    longest = watch((double)seconds, (double)patience);
    end_workers((double)patience);
    child_check(atomic_load(&out_of_bounds) == 0 && all_handlers() > 0);
    zfree_in(zone, kept);
    child_check(zmalloc_zone_destroy(zone, NULL) == 0 && zmalloc_used_memory() == 0);
    tell_figures("%zu s, %zu handlers that read, %.0f/s, in %zu threads and %zu brief ones, %.1f "
                 "million steps, never %.1f s without one",
                 (size_t)seconds, all_handlers(), (double)all_handlers() / (double)seconds,
                 worker_count, (size_t)brief_threads, (double)all_steps() / 1e6, longest);
    return 0;
}
