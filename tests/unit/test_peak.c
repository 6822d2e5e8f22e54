/* SPDX-License-Identifier: BSD-3-Clause */

/* The peak, whatever the sizes: at most 1 MiB for each thread below the truth. And sections, each with
 * a peak of its own. */

#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define MIB ((size_t)1 << 20)
#define SECTIONS_MAX 64

/* ---- Nobody looks ---- */

struct hoard {
    size_t size;
    size_t wanted; /* bytes */
    size_t held;   /* bytes, as they count */
    void *first;
};

/* Blocks in a chain, each of which has the address of the one before. */
static void *take(void *argument)
{
    struct hoard *hoard = argument;

    for (size_t taken = 0; taken < hoard->wanted; taken += hoard->size) {
        void **block = zmalloc(hoard->size);

        *block = hoard->first;
        hoard->first = block;
    }
    return NULL;
}

static void *give(void *argument)
{
    struct hoard *hoard = argument;

    while (hoard->first != NULL) {
        void **block = hoard->first;

        hoard->first = *block;
        zfree(block);
    }
    return NULL;
}

static void peak_has_blocks_of(size_t size, size_t wanted)
{
    struct hoard hoard = {.size = size, .wanted = wanted};
    size_t before;

    zmalloc_reset_peak();
    before = zmalloc_used_memory();
    take(&hoard);
    give(&hoard);
    assert_true(zmalloc_peak_memory() + MIB >= before + wanted);
    assert_int_equal(zmalloc_used_memory(), before);
}

static void blocks_of_every_size_set_the_peak(void **state)
{
    static const size_t sizes[] = {8, 17, 100, 1000, 5000, 60000, 65536, 70000, 900000, 2 * MIB};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        peak_has_blocks_of(sizes[i], 8 * MIB);
}

#define THREADS 4

static void run_threads_with(void *(*body)(void *argument), struct hoard *hoards)
{
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, body, &hoards[i]), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void what_threads_hold_together_sets_the_peak(void **state)
{
    struct hoard hoards[THREADS];

    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        hoards[i] = (struct hoard){.size = 50 + 100 * i, .wanted = 4 * MIB};
    zmalloc_reset_peak();
    run_threads_with(take, hoards);
    run_threads_with(give, hoards);
    assert_true(zmalloc_peak_memory() + THREADS * MIB >= THREADS * 4 * MIB);
    assert_int_equal(zmalloc_used_memory(), 0);
}

/* Too few operations to be registered, but much memory. */
static void *live_shortly(void *argument)
{
    void *blocks[10];

    for (size_t i = 0; i < 10; i++)
        blocks[i] = zmalloc(MIB - 100);
    for (size_t i = 0; i < 10; i++)
        zfree(blocks[i]);
    return argument;
}

static void a_short_thread_sets_the_peak(void **state)
{
    struct hoard unused[THREADS];

    (void)state;
    leave_blocks_untouched();
    zmalloc_reset_peak();
    run_threads_with(live_shortly, unused);
    assert_true(zmalloc_peak_memory() + MIB >= 10 * (MIB - 100));
}

/* ---- Sections ---- */

static void sections_have_their_own_peak(void **state)
{
    void *before = zmalloc(10000);
    size_t used = zmalloc_used_memory();
    int outer = zmalloc_peak_begin();
    int inner;

    (void)state;
    assert_true(outer >= 0);
    zfree(zmalloc(8 * MIB));
    inner = zmalloc_peak_begin();
    assert_true(inner >= 0 && inner != outer);
    zfree(zmalloc(3 * MIB));
    assert_between(zmalloc_peak_end(inner), used + 3 * MIB, used + 4 * MIB);
    assert_between(zmalloc_peak_end(outer), used + 8 * MIB, used + 10 * MIB);
    zfree(before);
}

static void sections_may_overlap(void **state)
{
    int first = zmalloc_peak_begin();
    int second;

    (void)state;
    zfree(zmalloc(5 * MIB));
    second = zmalloc_peak_begin();
    assert_true(zmalloc_peak_end(first) >= 5 * MIB);
    zfree(zmalloc(2 * MIB));
    assert_between(zmalloc_peak_end(second), 2 * MIB, 3 * MIB);
}

static void there_are_so_many_sections(void **state)
{
    int sections[SECTIONS_MAX];

    (void)state;
    for (size_t i = 0; i < SECTIONS_MAX; i++)
        assert_true((sections[i] = zmalloc_peak_begin()) >= 0);
    errno = 0;
    assert_int_equal(zmalloc_peak_begin(), -1);
    assert_int_equal(errno, EAGAIN);
    for (size_t i = 0; i < SECTIONS_MAX; i++)
        zmalloc_peak_end(sections[i]);
}

/* ---- Sections of a thread ---- */

#define BUDGET ((size_t)64 << 10)

/* Others have nothing to do with it, and neither has what was there before. */
static void a_thread_has_its_own_peak(void **state)
{
    struct hoard own = {.size = 500, .wanted = 3 * MIB};
    struct hoard of_others[THREADS];
    void *before = zmalloc(MIB);
    int section = zmalloc_peak_begin_thread();

    (void)state;
    assert_true(section >= 0);
    for (size_t i = 0; i < THREADS; i++)
        of_others[i] = (struct hoard){.size = 5000, .wanted = 4 * MIB};
    run_threads_with(take, of_others);
    run_threads_with(give, of_others);
    zfree(before);
    before = zmalloc(MIB);
    take(&own);
    give(&own);
    assert_between(zmalloc_peak_end(section), 3 * MIB - BUDGET, 4 * MIB);
    zfree(before);
}

static void sections_of_a_thread_nest(void **state)
{
    int outer = zmalloc_peak_begin_thread();
    void *block = zmalloc(2 * MIB);
    int inner = zmalloc_peak_begin_thread();

    (void)state;
    zfree(block);
    block = zmalloc(MIB);
    assert_int_equal(zmalloc_peak_end(inner), 0);
    inner = zmalloc_peak_begin_thread();
    zfree(zmalloc(70000));
    assert_between(zmalloc_peak_end(inner), 70000, 200000);
    assert_between(zmalloc_peak_end(outer), 2 * MIB, 2 * MIB + 300000);
    zfree(block);
}

/* Small blocks, none of which takes the unusual path by itself. */
static void small_blocks_count_in_a_thread(void **state)
{
    struct hoard hoard = {.size = 100, .wanted = 300000};
    int section = zmalloc_peak_begin_thread();

    (void)state;
    take(&hoard);
    give(&hoard);
    assert_between(zmalloc_peak_end(section), 300000 - BUDGET, 500000);
}

/* It has too few operations to have counters of its own. */
static void *have_a_section_at_once(void *argument)
{
    int *section = argument;

    *section = zmalloc_peak_begin_thread();
    zfree(zmalloc(5 * MIB));
    return NULL;
}

static void another_thread_may_end_it(void **state)
{
    pthread_t thread;
    int section;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, have_a_section_at_once, &section), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(section >= 0);
    assert_between(zmalloc_peak_end(section), 5 * MIB, 6 * MIB);
    errno = 0;
    assert_int_equal(zmalloc_peak_end(section), 0);
    assert_int_equal(errno, EINVAL);
}

static void *have_one_and_end_it(void *argument)
{
    int section = zmalloc_peak_begin_thread();

    zfree(zmalloc(20 * MIB));
    child_check(zmalloc_peak_end(section) >= 20 * MIB);
    return argument;
}

/* The next thread usually has its address, and its counters. */
static void a_section_outlives_its_thread(void **state)
{
    pthread_t thread;
    int section;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, have_a_section_at_once, &section), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, have_one_and_end_it, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_between(zmalloc_peak_end(section), 5 * MIB, 6 * MIB);
}

static void *end_section(void *argument)
{
    zmalloc_peak_end(*(int *)argument);
    return NULL;
}

static void *begin_for_others(void *argument)
{
    pthread_t thread;
    int section;

    for (int i = 0; i < 255; i++) {
        section = zmalloc_peak_begin_thread();
        child_check(pthread_create(&thread, NULL, end_section, &section) == 0);
        child_check(pthread_join(thread, NULL) == 0);
    }
    return have_one_and_end_it(argument);
}

static void others_may_end_any_number(void **state)
{
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, begin_for_others, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void there_are_so_many_of_threads(void **state)
{
    int sections[SECTIONS_MAX];

    (void)state;
    for (size_t i = 0; i < SECTIONS_MAX; i++)
        assert_true((sections[i] = zmalloc_peak_begin_thread()) >= SECTIONS_MAX);
    errno = 0;
    assert_int_equal(zmalloc_peak_begin_thread(), -1);
    assert_int_equal(errno, EAGAIN);
    for (size_t i = 0; i < SECTIONS_MAX; i++)
        zmalloc_peak_end(sections[i]);
}

/* Its counters are gone when its destructors run for the second time. */
static pthread_key_t key;
static int late_section;

static void begin_late(void *value)
{
    int *rounds = value;

    errno = 0;
    late_section = zmalloc_peak_begin_thread();
    if (++*rounds < 2)
        pthread_setspecific(key, rounds);
}

static void *end_with_a_section(void *argument)
{
    static int rounds;

    for (int i = 0; i < 100; i++)
        zfree(zmalloc(10));
    pthread_setspecific(key, &rounds);
    return argument;
}

static void a_thread_that_ends_has_none(void **state)
{
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_key_create(&key, begin_late), 0);
    assert_int_equal(pthread_create(&thread, NULL, end_with_a_section, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(late_section, -1);
}

static void what_is_no_section_is_refused(void **state)
{
    const int wrong[] = {-1, 0, SECTIONS_MAX, 2 * SECTIONS_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        errno = 0;
        assert_int_equal(zmalloc_peak_end(wrong[i]), 0);
        assert_int_equal(errno, EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(blocks_of_every_size_set_the_peak),
        zm_test(what_threads_hold_together_sets_the_peak),
        zm_test(a_short_thread_sets_the_peak),
        zm_test(sections_have_their_own_peak),
        zm_test(sections_may_overlap),
        zm_test(there_are_so_many_sections),
        zm_test(a_thread_has_its_own_peak),
        zm_test(sections_of_a_thread_nest),
        zm_test(small_blocks_count_in_a_thread),
        zm_test(another_thread_may_end_it),
        zm_test(a_section_outlives_its_thread),
        zm_test(others_may_end_any_number),
        zm_test(there_are_so_many_of_threads),
        zm_test(a_thread_that_ends_has_none),
        zm_test(what_is_no_section_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
