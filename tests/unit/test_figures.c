/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What must hold for every figure of every allocator; otherwise it must be unknown. Active and
 * resident are at most what the machine has, and do not include what was given back; allocated is
 * what is used, within 1 %; ratios are finite. Tested after small and large blocks, holes, purges,
 * and with threads.
 */

#include "support.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define KIB ((size_t)1 << 10)
#define MIB (KIB << 10)

#define BLOCKS_MAX ((size_t)60000)
#define REPORT_SIZE (8 * KIB)

static void *blocks[BLOCKS_MAX];

/* ---- The figures ---- */

struct figures {
    size_t allocated, active, resident, retained, muzzy;
};

static struct figures ask(void)
{
    struct figures figures = {1, 1, 1, 1, 1};

    zmalloc_get_allocator_info(&figures.allocated, &figures.active, &figures.resident,
                               &figures.retained, &figures.muzzy);
    return figures;
}

static void check_room(const struct figures *figures)
{
    child_check(figures->active <= zmalloc_get_memory_size());
    child_check(figures->resident <= zmalloc_get_memory_size());
}

/* A layer may request more than it reports. */
static bool sees_what_is_used(void)
{
    return strcmp(zmalloc_backend_name(), name_without_layers()) == 0;
}

/* An allocator's library may take a block itself. */
#define OF_THE_LIBRARY KIB

static void check_allocated(size_t allocated)
{
    size_t used = zmalloc_used_memory();

    if (allocated == 0 || !sees_what_is_used())
        return;
    child_check(allocated >= used - used / 100);
    child_check(allocated <= used + used / 100 + OF_THE_LIBRARY);
}

/* For the program itself, including the test framework. */
#define OF_THE_PROGRAM (16 * MIB)

/* Sanitizers' own memory makes the resident set larger, never smaller. */
static void check_resident(const struct figures *figures)
{
    if (under_emulator())
        return; /* there is no resident set to compare with */
    child_check(figures->active <= zmalloc_get_rss() + OF_THE_PROGRAM);
    child_check(figures->resident <= zmalloc_get_rss() + OF_THE_PROGRAM);
}

static void check_ratio(const char *report, const char *name)
{
    const char *at = strstr(report, name);
    double ratio;

    child_check(at != NULL);
    if (strncmp(at + strlen(name), "null", 4) == 0)
        return;
    ratio = strtod(at + strlen(name), NULL);
    child_check(isfinite(ratio) && ratio >= 0);
}

static void check_ratios(void)
{
    char report[REPORT_SIZE];

    child_check(zmalloc_stats_json(report, sizeof report) < (int)sizeof report);
    check_ratio(report, "\"allocator_fragmentation\":");
    check_ratio(report, "\"rss_overhead\":");
}

/* While no other thread allocates, and everything allocated has been written. */
static void check_figures(void)
{
    struct figures figures = ask();

    check_room(&figures);
    check_allocated(figures.allocated);
    check_resident(&figures);
    check_ratios();
    child_check(figures.active == 0 || figures.allocated <= figures.active);
}

/* ---- Blocks ---- */

static void take(void **to, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = zmalloc(size);
        memset(to[i], 1, size);
    }
}

/* Frees all but one in every but_each; 0 means all. */
static void give(void **from, size_t count, size_t but_each)
{
    for (size_t i = 0; i < count; i++) {
        if (but_each != 0 && i % but_each == 0)
            continue;
        zfree(from[i]);
        from[i] = NULL;
    }
}

static void check_round(size_t count, size_t size)
{
    take(blocks, count, size);
    check_figures();
    give(blocks, count, 0);
    check_figures();
    zmalloc_purge();
    check_figures();
}

static size_t total(void)
{
    return UNDER_SANITIZER ? 4 * MIB : 24 * MIB;
}

static void figures_hold_with_small_blocks(void **state)
{
    static const size_t sizes[] = {1, 16, 24, 64, 100, 500, 1000, 2000};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_round(total() / sizes[i] < BLOCKS_MAX ? total() / sizes[i] : BLOCKS_MAX, sizes[i]);
}

static void figures_hold_with_large_blocks(void **state)
{
    (void)state;
    for (size_t size = 5000; size <= total(); size *= 6)
        check_round(total() / size, size);
    check_round(1, 2 * total());
}

/* The remaining blocks keep the heap from shrinking; the pages between them are given back. */
static void figures_hold_with_holes(void **state)
{
    size_t count = 2 * total() / 1000;

    (void)state;
    take(blocks, count, 1000);
    give(blocks, count, 500);
    zmalloc_purge();
    check_figures();
    give(blocks, count, 0);
}

#define UNTOUCHED_ROUNDS 20
#define UNTOUCHED_BLOCKS 50

/* Blocks that are never written come and go; the figures must go down with them. */
static void figures_do_not_drift(void **state)
{
    (void)state;
    for (size_t round = 0; round < UNTOUCHED_ROUNDS; round++) {
        for (size_t i = 0; i < UNTOUCHED_BLOCKS; i++)
            blocks[i] = zmalloc(8 * MIB);
        give(blocks, UNTOUCHED_BLOCKS, 0);
    }
    zmalloc_purge();
    check_figures();
}

/* More than the machine has, and none of it resident. A layer may fill what it hands out. */
static void more_than_the_machine_has_is_unknown(void **state)
{
    size_t each = zmalloc_get_memory_size() / 2;
    struct figures figures;
    void *held[3];

    (void)state;
    if (!sees_what_is_used() || UNDER_SANITIZER || under_valgrind())
        skip();
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        held[i] = ztrymalloc(each);
    figures = ask();
    check_room(&figures);
    check_ratios();
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        zfree(held[i]);
    zmalloc_purge();
    check_figures();
}

/* ---- Threads ---- */

#define THREADS 4
#define OF_A_THREAD (BLOCKS_MAX / THREADS)
#define LARGEST 2000

struct group {
    pthread_barrier_t barrier;
    unsigned next;
};

/* Each phase is checked while all threads wait. */
static void pause_at(struct group *group)
{
    pthread_barrier_wait(&group->barrier);
    pthread_barrier_wait(&group->barrier);
}

static void *take_and_give(void *argument)
{
    struct group *group = argument;
    size_t place = __atomic_fetch_add(&group->next, 1, __ATOMIC_RELAXED);
    void **own = &blocks[place * OF_A_THREAD];
    size_t count = total() / THREADS / (LARGEST / 2); /* under OF_A_THREAD */

    for (size_t i = 0; i < count; i++)
        take(&own[i], 1, 1 + i * 7919 % LARGEST);
    pause_at(group);
    give(own, count, 0);
    pause_at(group);
    zmalloc_thread_idle();
    pause_at(group);
    return NULL;
}

static void look(struct group *group)
{
    pthread_barrier_wait(&group->barrier);
    check_figures();
    zmalloc_purge();
    check_figures();
    pthread_barrier_wait(&group->barrier);
}

static void figures_hold_with_threads(void **state)
{
    struct group group = {.next = 0};
    pthread_t threads[THREADS];

    (void)state;
    pthread_barrier_init(&group.barrier, NULL, THREADS + 1);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &group), 0);
    for (unsigned phase = 0; phase < 3; phase++)
        look(&group);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&group.barrier);
    zmalloc_purge();
    check_figures();
}

/* ---- Threads that do not wait ---- */

#define AT_ONCE 12
#define LOOKS 100

static void churn(uint64_t *seed)
{
    void *held[AT_ONCE];

    for (size_t i = 0; i < AT_ONCE; i++)
        held[i] = zmalloc((size_t)1 << (4 + next_random(seed) % 18));
    for (size_t i = 0; i < AT_ONCE; i++)
        zfree(held[i]);
    if (next_random(seed) % 100 == 0)
        zmalloc_purge();
    if (next_random(seed) % 100 == 0)
        zmalloc_thread_idle();
}

/* The first one checks while the others work. */
static void *look_or_churn(void *argument)
{
    struct group *group = argument;
    uint64_t seed = __atomic_fetch_add(&group->next, 1, __ATOMIC_RELAXED);
    struct figures figures;

    if (seed > 0) {
        while (__atomic_load_n(&group->next, __ATOMIC_ACQUIRE) != 0)
            churn(&seed);
        return NULL;
    }
    for (size_t left = scaled(LOOKS); left > 0; left--) {
        figures = ask();
        check_room(&figures);
        child_check(figures.allocated <= zmalloc_get_memory_size());
        check_ratios();
        churn(&(uint64_t){left});
    }
    __atomic_store_n(&group->next, 0, __ATOMIC_RELEASE);
    return NULL;
}

static void figures_hold_while_threads_allocate(void **state)
{
    struct group group = {.next = 0};

    (void)state;
    run_threads(THREADS, look_or_churn, &group);
    zmalloc_purge();
    check_figures();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(figures_hold_with_small_blocks),
        zm_test(figures_hold_with_large_blocks),
        zm_test(figures_hold_with_holes),
        zm_test(figures_do_not_drift),
        zm_test(more_than_the_machine_has_is_unknown),
        zm_test(figures_hold_with_threads),
        zm_test(figures_hold_while_threads_allocate),
    };

    leave_blocks_untouched();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
