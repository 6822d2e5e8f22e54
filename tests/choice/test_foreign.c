/* SPDX-License-Identifier: BSD-3-Clause */

/* Foreign backends at work: accounting is exact and the contract holds through the instance that
 * serves them all. Also how their start may go. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "choice_support.h"
#include "exercise.h"
#include "zmalloc_backend.h"

static const struct zmalloc_backend *const toy = &zmalloc_backend_module;

/* The one under test. Each child changes its own copy. */
static struct zmalloc_backend mine;

static void start_mine(void)
{
    check(zmalloc_register_backend(&mine) == 0);
    check(zmalloc_init(mine.name) == 0 && strcmp(zmalloc_backend_name(), mine.name) == 0);
}

static void exercise_mine(void)
{
    start_mine();
    exercise_functions();
    exercise_threads();
    check(zmalloc_used_memory() == 0);
}

static void runs(void (*body)(void *argument), void *argument)
{
    struct outcome outcome;

    mine = *toy;
    outcome = run_child(body, argument);
    assert_prints(&outcome, "");
}

/* ---- Tables of several kinds ---- */

static void exercise_toy(void *argument)
{
    (void)argument;
    exercise_mine();
}

static void exercise_without_prefix(void *argument)
{
    (void)argument;
    mine.prefix_size = 0;
    exercise_mine();
}

static size_t free_and_forget_errno(void *ptr)
{
    size_t usable = toy->free(ptr);

    errno = EDOM;
    return usable;
}

static size_t free_sized_and_forget_errno(void *ptr, size_t size)
{
    check(size <= toy->usable_size(ptr));
    return free_and_forget_errno(ptr);
}

static void exercise_without_errno(void *argument)
{
    (void)argument;
    mine.free = free_and_forget_errno;
    mine.free_sized = free_sized_and_forget_errno;
    exercise_mine();
}

static void a_registered_backend_is_accounted_exactly(void **state)
{
    (void)state;
    runs(exercise_toy, NULL);
    runs(exercise_without_prefix, NULL);
    runs(exercise_without_errno, NULL);
}

/* ---- One that counts by itself ---- */

static _Thread_local uint64_t allocated;
static _Thread_local uint64_t freed;
static unsigned askers;

/* After that many operations a thread's counters are checked. */
#define MANY 100

static void add(uint64_t *counter, size_t usable)
{
    __atomic_store_n(counter, *counter + usable + mine.prefix_size, __ATOMIC_RELEASE);
}

static void *count(void *ptr, const size_t *usable)
{
    if (ptr != NULL)
        add(&allocated, *usable);
    return ptr;
}

static void *counting_alloc(size_t size, size_t *usable)
{
    return count(toy->alloc(size, usable), usable);
}

static void *counting_calloc(size_t size, size_t *usable)
{
    return count(toy->calloc(size, usable), usable);
}

static void *counting_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    return count(toy->aligned_alloc(alignment, size, usable), usable);
}

static void *counting_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    void *moved = count(toy->realloc(ptr, size, old_usable, usable), usable);

    if (moved != NULL)
        add(&freed, *old_usable);
    return moved;
}

static size_t counting_free(void *ptr)
{
    size_t usable = toy->free(ptr);

    add(&freed, usable);
    return usable;
}

static size_t counting_free_sized(void *ptr, size_t size)
{
    (void)size;
    return counting_free(ptr);
}

static int give_counters(const uint64_t **thread_allocated, const uint64_t **thread_freed)
{
    *thread_allocated = &allocated;
    *thread_freed = &freed;
    return 0;
}

/* On such a machine counters could be read half written, so they are not used. */
#define COUNTERS_ARE_ATOMIC (sizeof(size_t) >= sizeof(uint64_t))

static int give_every_other_thread_counters(const uint64_t **thread_allocated,
                                            const uint64_t **thread_freed)
{
    if (__atomic_fetch_add(&askers, 1, __ATOMIC_RELAXED) % 2 == 1)
        return -1;
    return give_counters(thread_allocated, thread_freed);
}

static void exercise_counting(void *argument)
{
    mine.alloc = counting_alloc;
    mine.calloc = counting_calloc;
    mine.realloc = counting_realloc;
    mine.aligned_alloc = counting_aligned_alloc;
    mine.free = counting_free;
    mine.free_sized = counting_free_sized;
    mine.thread_counters = give_counters;
    if (argument != NULL)
        mine.thread_counters = give_every_other_thread_counters;
    exercise_mine();
    if (argument != NULL)
        check(COUNTERS_ARE_ATOMIC ? askers > 2 : askers == 0);
}

static void its_own_counters_are_believed(void **state)
{
    (void)state;
    runs(exercise_counting, NULL);
    runs(exercise_counting, "every other thread");
}

/* Its stores may become visible in another order than they were made. */
static void a_sum_below_zero_is_none(void *argument)
{
    (void)argument;
    mine.thread_counters = give_counters;
    mine.prefix_size = 0;
    start_mine();
    for (int i = 0; i < MANY; i++)
        zfree(zmalloc(1));
    freed += 100;
    check(zmalloc_used_memory() == 0 && zmalloc_peak_memory() < SIZE_MAX / 2);
    allocated += 300;
    check(zmalloc_used_memory() == 200);
}

static void its_counters_may_be_late(void **state)
{
    (void)state;
    if (!COUNTERS_ARE_ATOMIC) {
        print_message("skipped: counters of backends are not believed on 32 bits\n");
        skip();
    }
    runs(a_sum_below_zero_is_none, NULL);
}

/* ---- One that forwards ---- */

static const struct zmalloc_backend *below;

static int start_below(const char **why)
{
    return below->start != NULL ? below->start(why) : 0;
}

/* All operations of the other backend, including its start, under another name. */
static void exercise_over(void *argument)
{
    below = zmalloc_backend_table(argument);
    check(below != NULL);
    mine = *below;
    mine.name = "over";
    mine.start = start_below;
    start_mine();
    exercise_functions();
    /* The thread sanitizer does not see how these allocators pass memory from thread to thread. */
    if (!UNDER_SANITIZER)
        exercise_threads();
    check(zmalloc_used_memory() == 0);
}

static void one_may_forward_to_another(void **state)
{
    const char *at = AVAILABLE;
    char name[NAME_SIZE];

    (void)state;
    while (next_name(&at, name))
        runs(exercise_over, name);
}

/* ---- Start ---- */

static unsigned starts;

static int start_slowly(const char **why)
{
    struct timespec while_others_come = {.tv_nsec = 20 * 1000 * 1000};

    (void)why;
    starts++;
    nanosleep(&while_others_come, NULL);
    return 0;
}

static void *choose_at_once(void *argument)
{
    pthread_barrier_wait(argument);
    check(zmalloc_init("toy") == 0);
    zfree(zmalloc(10));
    return NULL;
}

/* The first thread chooses; the others wait until the start is over. */
static void race_to_start(void *argument)
{
    pthread_barrier_t barrier;
    pthread_t threads[16];

    (void)argument;
    mine.start = start_slowly;
    check(zmalloc_register_backend(&mine) == 0);
    pthread_barrier_init(&barrier, NULL, 16);
    for (size_t i = 0; i < 16; i++)
        check(pthread_create(&threads[i], NULL, choose_at_once, &barrier) == 0);
    for (size_t i = 0; i < 16; i++)
        check(pthread_join(threads[i], NULL) == 0);
    check(starts == 1 && zmalloc_used_memory() == 0);
    check(zmalloc_init("toy") == 0 && starts == 1);
}

static void many_threads_start_it_once(void **state)
{
    (void)state;
    runs(race_to_start, NULL);
}

static int start_in_vain(const char **why)
{
    starts++;
    *why = "not today";
    return EIO;
}

/* The row of the program's backend comes after ours. */
static void find_mine(struct zmalloc_backend_info *info)
{
    size_t i = 0;

    info->struct_size = sizeof *info;
    do
        check(zmalloc_get_backend_info(i++, info) == 0);
    while (strcmp(info->name, mine.name) != 0);
}

static void start_and_fail(void *argument)
{
    struct zmalloc_backend_info info;

    (void)argument;
    mine.start = start_in_vain;
    check(zmalloc_register_backend(&mine) == 0);
    check(zmalloc_init("toy") == -1 && errno == EIO);
    check(zmalloc_init("foo,toy,FOO") == -1 && errno == EIO && starts == 1);
    find_mine(&info);
    check(info.state == ZMALLOC_BACKEND_BROKEN);
    check(strcmp(info.why, "failed to start: not today") == 0);
    check(zmalloc_init("toy,libc") == 0 && strcmp(zmalloc_backend_name(), "libc") == 0);
    exercise_functions();
}

static void a_failed_start_is_remembered(void **state)
{
    (void)state;
    runs(start_and_fail, NULL);
}

static int start_and_ask(const char **why)
{
    (void)why;
    check(zmalloc_backend_table("libc") != NULL);
    check(zmalloc_init("libc") == -1 && errno == EBUSY);
    check(zmalloc_used_memory() == 0);
    return 0;
}

static void start_asking(void *argument)
{
    (void)argument;
    mine.start = start_and_ask;
    exercise_mine();
}

static void start_may_ask_for_tables(void **state)
{
    (void)state;
    runs(start_asking, NULL);
}

static int start_allocating(const char **why)
{
    (void)why;
    zfree(zmalloc(10));
    return 0;
}

static void allocate_in_start(void *argument)
{
    (void)argument;
    mine.start = start_allocating;
    zmalloc_register_backend(&mine);
    zmalloc_init("toy");
}

static void start_may_not_allocate(void **state)
{
    struct outcome outcome;

    (void)state;
    mine = *toy;
    outcome = run_child(allocate_in_start, NULL);
    assert_killed_by(&outcome, SIGABRT);
    assert_err_is(&outcome, "zmalloc: a backend called zmalloc while it was being started\n");
}

/* ---- Fork ---- */

static void fork_and_go_on(void *argument)
{
    int status = -1;
    pid_t pid;

    (void)argument;
    exercise_mine();
    pid = fork();
    if (pid == 0) {
        exercise_functions();
        exercise_threads();
        _exit(zmalloc_used_memory() == 0 ? 0 : 1);
    }
    check(waitpid(pid, &status, 0) == pid && status == 0);
}

static void a_forked_child_goes_on(void **state)
{
    (void)state;
    runs(fork_and_go_on, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(a_registered_backend_is_accounted_exactly),
        zm_test(its_own_counters_are_believed),
        zm_test(its_counters_may_be_late),
        zm_test(one_may_forward_to_another),
        zm_test(many_threads_start_it_once),
        zm_test(a_failed_start_is_remembered),
        zm_test(start_may_ask_for_tables),
        zm_test(start_may_not_allocate),
        zm_test(a_forked_child_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
