/* SPDX-License-Identifier: BSD-3-Clause */

/* The layer "sample": what its profile says of programs whose blocks are known. Samples are random, but with a
 * seed the same in each run; the bounds are five standard deviations. */

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap_profile.h"
#include "support.h"
#include "zmalloc_sample.h"
#include "zmalloc_zone.h"

#define INTERVAL ((size_t)16 << 10)

/* ---- Reading a profile ---- */

struct figures {
    uint64_t live_blocks;
    uint64_t live_bytes;
    uint64_t all_blocks;
    uint64_t all_bytes;
};

static bool read_figures(const char *line, struct figures *figures)
{
    return sscanf(line, "%" SCNu64 ": %" SCNu64 " [%" SCNu64 ": %" SCNu64 "] @",
                  &figures->live_blocks, &figures->live_bytes, &figures->all_blocks,
                  &figures->all_bytes) == 4;
}

static struct figures totals(void)
{
    static const char head[] = "heap profile: ";
    struct figures figures;
    char *text = heap_profile();

    assert_memory_equal(text, head, strlen(head));
    assert_true(read_figures(text + strlen(head), &figures));
    free(text);
    return figures;
}

static struct figures since(struct figures before)
{
    struct figures now = totals();

    return (struct figures){now.live_blocks - before.live_blocks,
                            now.live_bytes - before.live_bytes, now.all_blocks - before.all_blocks,
                            now.all_bytes - before.all_bytes};
}

/* ---- Estimates ---- */

/* Of count blocks of a size: each is sampled with a probability p, and counts 1/p. */
static void assert_estimated(uint64_t found, double count, double size, double unit)
{
    double probability = -expm1(-size / (double)INTERVAL);
    double deviation = sqrt(count * (1 - probability) / probability);
    double difference = fabs((double)found / unit - count);

    if (difference > 5 * deviation + count / 1000 + 1)
        fail_msg(
            "%.0f blocks of %.0f bytes were estimated as %.1f, whose standard deviation is %.1f",
            count, size, (double)found / unit, deviation);
}

static void assert_all_of(struct figures found, size_t count, size_t size)
{
    assert_estimated(found.all_blocks, (double)count, (double)size, 1);
    assert_estimated(found.all_bytes, (double)count, (double)size, (double)size);
}

static const size_t sizes[] = {
    8, 24, 100, 1000, 5000, 20000, 100000, (size_t)1 << 20, (size_t)64 << 20};
#define SIZES (sizeof sizes / sizeof *sizes)

static size_t count_for(size_t size)
{
    size_t count = 500 * INTERVAL / size;

    return count < 20 ? 20 : count;
}

static void sizes_are_estimated_without_bias(void **state)
{
    (void)state;
    leave_blocks_untouched();
    for (size_t i = 0; i < SIZES; i++) {
        struct figures before = totals();
        size_t count = count_for(sizes[i]);

        for (size_t j = 0; j < count; j++)
            zfree(ztrymalloc(sizes[i]));
        assert_all_of(since(before), count, sizes[i]);
        assert_int_equal(since(before).live_blocks, 0);
    }
}

static void live_blocks_are_those_not_freed(void **state)
{
    enum { COUNT = 40000, SIZE = 200 };
    static void *blocks[COUNT];
    struct figures before = totals();
    struct figures found;

    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        blocks[i] = zmalloc(SIZE);
    for (size_t i = 0; i < COUNT; i++)
        if (i % 4 != 0)
            zfree(blocks[i]);
    found = since(before);
    assert_all_of(found, COUNT, SIZE);
    assert_estimated(found.live_blocks, COUNT / 4, SIZE, 1);
    assert_estimated(found.live_bytes, COUNT / 4, SIZE, SIZE);
    for (size_t i = 0; i < COUNT; i += 4)
        zfree(blocks[i]);
    found = since(before);
    assert_int_equal(found.live_blocks, 0);
    assert_int_equal(found.live_bytes, 0);
}

/* ---- Resizing ---- */

enum { RESIZED = 20000 };
static void *resized[RESIZED];

static void assert_resized(struct figures before, size_t size)
{
    struct figures found = since(before);

    assert_estimated(found.live_blocks, RESIZED, (double)size, 1);
    assert_estimated(found.live_bytes, RESIZED, (double)size, (double)size);
    for (size_t i = 0; i < RESIZED; i++)
        zfree(resized[i]);
    assert_int_equal(since(before).live_blocks, 0);
}

/* A sampled block has more room than others, so a program may resize just those. */
static void giving_room_back_loses_no_sample(void **state)
{
    struct figures before = totals();
    size_t usable;

    (void)state;
    for (size_t i = 0; i < RESIZED; i++) {
        resized[i] = zmalloc_usable(200, &usable);
        if (usable > 300)
            resized[i] = zrealloc(resized[i], 200);
    }
    assert_resized(before, 200);
}

/* Exactly so long as no allocator rounds the sizes up. */
static void grown_blocks_count_as_large_ones(void **state)
{
    struct figures before = totals();

    (void)state;
    for (size_t i = 0; i < RESIZED; i++) {
        resized[i] = zmalloc(64);
        for (size_t size = 128; size <= 1024; size *= 2)
            resized[i] = zrealloc(resized[i], size);
    }
    assert_resized(before, 1024);
}

static void shrunk_blocks_count_as_small_ones(void **state)
{
    struct figures before = totals();

    (void)state;
    for (size_t i = 0; i < RESIZED; i++) {
        resized[i] = zmalloc(2000);
        resized[i] = zrealloc(resized[i], 400);
        resized[i] = zrealloc(resized[i], 100);
    }
    assert_resized(before, 100);
}

/* ---- Every block ---- */

static int sample_every_block(void **state)
{
    (void)state;
    return zmalloc_sample_start(1);
}

static int sample_as_before(void **state)
{
    return zmalloc_sample_start(INTERVAL) != 0 ? -1 : teardown_nothing_used(state);
}

/* Threads learn of a new interval within 64 KiB. */
static void forget_old_interval(void)
{
    for (int i = 0; i < 100; i++)
        zfree(ztrymalloc(4000));
}

#define exact_test(function)                                                                       \
    cmocka_unit_test_setup_teardown(function, sample_every_block, sample_as_before)

static void assert_live(struct figures before, int64_t blocks, int64_t bytes)
{
    struct figures found = since(before);

    assert_int_equal(found.live_blocks, blocks);
    assert_int_equal(found.live_bytes, bytes);
}

static void each_way_to_allocate_is_counted(void **state)
{
    void *blocks[10];
    struct figures before;
    size_t usable;

    (void)state;
    forget_old_interval();
    before = totals();
    blocks[0] = zmalloc(100);
    blocks[1] = ztrymalloc(100);
    blocks[2] = zcalloc(100);
    blocks[3] = ztrycalloc(100);
    blocks[4] = zmalloc_usable(100, &usable);
    blocks[5] = zcalloc_usable(100, &usable);
    blocks[6] = zrealloc(NULL, 100);
    blocks[7] = zmalloc_aligned(64, 100);
    blocks[8] = ztrymalloc_aligned(8192, 100);
    blocks[9] = zcalloc_num(10, 10);
    assert_live(before, 10, 1000);
    assert_int_equal((uintptr_t)blocks[8] % 8192, 0);
    zfree(blocks[0]);
    zfree_with_size(blocks[1], 100);
    zfree_usable(blocks[2], &usable);
    assert_true(usable >= 100);
    assert_live(before, 7, 700);
    zfree_no_tcache(blocks[3]);
    for (int i = 4; i < 10; i++)
        zfree(blocks[i]);
    assert_live(before, 0, 0);
    blocks[0] = zmalloc_no_tcache(100);
    blocks[1] = ztrymalloc_no_tcache(100);
    assert_live(before, 2, 200);
    zfree_no_tcache(blocks[0]);
    zfree(blocks[1]);
    assert_live(before, 0, 0);
    assert_int_equal(since(before).all_blocks, 12);
}

static void a_larger_block_is_another(void **state)
{
    struct figures before;
    char *block;
    char *moved;

    (void)state;
    forget_old_interval();
    before = totals();
    block = zmalloc(100);
    stamp(block, 100, 7);
    block = zrealloc(block, 1000);
    assert_true(has_stamp(block, 100, 7));
    assert_live(before, 1, 1000);
    block = zrealloc(block, 50);
    assert_true(has_stamp(block, 50, 7));
    assert_live(before, 1, 50);
    moved = ztryrealloc(block, BEYOND_ADDRESS_SPACE);
    assert_null(moved);
    assert_live(before, 1, 50);
    assert_int_equal(since(before).all_blocks, 2);
    assert_null(zrealloc(block, 0));
    assert_live(before, 0, 0);
}

/* At each size there is a function less that may take it: with an alignment, with a prefix, at all. */
static void requests_near_the_limit_fail(void **state)
{
    struct figures before;
    size_t usable = 1;
    char *block;

    (void)state;
    forget_old_interval();
    before = totals();
    block = zmalloc(100);
    stamp(block, 100, 9);
    for (size_t less = 1; less < 20000; less = 3 * less + 1) {
        assert_null(ztrymalloc(SIZE_MAX / 2 - less));
        assert_null(ztrycalloc(SIZE_MAX / 2 - less));
        assert_null(ztrymalloc_aligned(64, SIZE_MAX / 2 - less));
        assert_null(ztryrealloc_usable(block, SIZE_MAX / 2 - less, &usable));
        assert_int_equal(usable, 0);
        assert_live(before, 1, 100);
    }
    assert_true(has_stamp(block, 100, 9));
    block = ztryrealloc_usable(block, 200, &usable);
    assert_true(usable >= 200 && has_stamp(block, 100, 9));
    assert_live(before, 1, 200);
    zfree(block);
}

static void zeroed_blocks_are_zeroed(void **state)
{
    size_t usable;

    (void)state;
    forget_old_interval();
    for (size_t size = 1; size < 20000; size = 2 * size + 1) {
        char *dirty = zmalloc(size);
        char *block;

        stamp(dirty, size, 1);
        zfree(dirty);
        block = zcalloc_usable(size, &usable);
        for (size_t i = 0; i < usable; i++)
            assert_int_equal(block[i], 0);
        zfree(block);
    }
}

static void *allocate_for_others(void *argument)
{
    void **blocks = argument;

    forget_old_interval();
    for (size_t i = 0; i < 100; i++)
        blocks[i] = ztrymalloc(50);
    return NULL;
}

static void others_free_what_a_thread_has(void **state)
{
    static void *blocks[100];
    struct figures before = totals();

    (void)state;
    run_threads(1, allocate_for_others, blocks);
    assert_live(before, 100, 5000);
    for (size_t i = 0; i < 100; i++)
        zfree(blocks[i]);
    assert_live(before, 0, 0);
}

static void free_in_child(void *argument)
{
    struct figures before = totals();

    zfree(argument);
    child_check(totals().live_blocks == before.live_blocks - 1);
    child_check(totals().live_bytes == before.live_bytes - 100);
}

static void a_child_goes_on(void **state)
{
    struct figures before;
    struct outcome outcome;
    void *block;

    (void)state;
    forget_old_interval();
    before = totals();
    block = zmalloc(100);
    outcome = run_child(free_in_child, block);
    assert_exited_with(&outcome, 0);
    assert_live(before, 1, 100);
    zfree(block);
}

static void the_zone_is_the_outermost_frame(void **state)
{
    static const char name[] = "sessions [of 1/2]";
    struct zmalloc_zone *zone = zmalloc_zone_create(name, NULL);
    struct figures before;
    uintptr_t begin;
    char wanted[100];
    void *block;
    char *text;
    char *at;

    (void)state;
    forget_old_interval();
    before = totals();
    block = zmalloc_in(zone, 100);
    assert_live(before, 1, 100);
    text = heap_profile();
    snprintf(wanted, sizeof wanted, " 00:00 0 [zone %s]\n", name);
    at = strstr(text, wanted);
    assert_non_null(at);
    while (at[-1] != '\n')
        at--;
    begin = (uintptr_t)strtoull(at, NULL, 16);
    snprintf(wanted, sizeof wanted, " 0x%" PRIxPTR "\n", begin + 1);
    assert_non_null(strstr(text, wanted));
    free(text);
    zfree_in(zone, block);
    assert_int_equal(zmalloc_zone_destroy(zone, NULL), 0);
    assert_live(before, 0, 0);
}

/* ---- Blocks that are sampled, and others ---- */

/* All that takes a block, with a sampled one and with one that is not. */
static void each_function_takes_both_kinds(void **state)
{
    static volatile size_t too_much = SIZE_MAX; /* the compiler would see */
    struct figures before;
    size_t usable;

    (void)state;
    for (int is_sampled = 0; is_sampled < 2; is_sampled++) {
        char *block;

        assert_int_equal(is_sampled ? zmalloc_sample_start(1) : zmalloc_sample_stop(), 0);
        forget_old_interval();
        before = totals();
        block = zmalloc(100);
        assert_live(before, is_sampled ? 1 : 0, is_sampled ? 100 : 0);
        usable = zmalloc_usable_size(block);
        assert_true(usable >= 100 && zmalloc_size(block) >= usable);
        stamp(block, 100, 4);
        assert_null(ztryrealloc(block, BEYOND_ADDRESS_SPACE));
        assert_true(has_stamp(block, 100, 4));
        assert_live(before, is_sampled ? 1 : 0, is_sampled ? 100 : 0);
        zfree_usable(block, &usable);
        assert_true(usable >= 100);
        zfree_usable(zmalloc(100), NULL);
        zfree_with_size(zmalloc(100), 100);
        zfree_no_tcache(zmalloc_no_tcache(100));
        assert_null(ztryrealloc(zmalloc(100), too_much));
        assert_live(before, 0, 0);
    }
    zfree_usable(NULL, &usable);
    assert_int_equal(usable, 0);
    assert_int_equal(zmalloc_usable_size(NULL), 0);
}

/* ---- Starting and stopping ---- */

static void stopped_nothing_is_sampled(void **state)
{
    struct figures before;
    void *block;

    (void)state;
    assert_int_equal(zmalloc_sample_start(1), 0);
    forget_old_interval();
    block = zmalloc(100);
    assert_int_equal(zmalloc_sample_stop(), 0);
    forget_old_interval();
    before = totals();
    for (size_t i = 0; i < 1000; i++)
        zfree(ztrymalloc(5000));
    assert_int_equal(since(before).all_blocks, 0);
    /* What was sampled before is still known, in whatever size. */
    block = zrealloc(block, 3000);
    assert_live(before, 0, 2900);
    block = zrealloc(block, 50);
    assert_live(before, 0, -50);
    zfree(block);
    assert_int_equal(before.live_blocks - totals().live_blocks, 1);
    assert_int_equal(zmalloc_sample_start(INTERVAL), 0);
}

static void wrong_intervals_are_refused(void **state)
{
    (void)state;
    errno = 0;
    assert_int_equal(zmalloc_sample_start(0), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(zmalloc_sample_start(SIZE_MAX), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(zmalloc_sample_dump(-1), -1);
    assert_int_equal(errno, EBADF);
}

/* ---- Threads ---- */

static void *churn(void *argument)
{
    void *blocks[64] = {0};
    uint64_t random = (uintptr_t)argument + 1;

    for (size_t i = 0; i < 400000; i++) {
        size_t slot = next_random(&random) % 64;

        zfree(blocks[slot]);
        blocks[slot] = ztrymalloc(1 + (size_t)(next_random(&random) % 3000));
    }
    for (size_t slot = 0; slot < 64; slot++)
        zfree(blocks[slot]);
    return NULL;
}

static void threads_do_not_mix(void **state)
{
    struct figures before = totals();
    struct figures found;

    (void)state;
    run_threads(4, churn, NULL);
    found = since(before);
    assert_int_equal(found.live_blocks, 0);
    assert_int_equal(found.live_bytes, 0);
    /* 1500 bytes on average. The order of the threads decides what is sampled, so no seed repeats it; with so
     * many blocks the bounds are 9 standard deviations away. */
    assert_between(found.all_blocks, 4 * 380000, 4 * 420000);
    assert_int_equal(zmalloc_sample_dropped(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(sizes_are_estimated_without_bias),
        zm_test(live_blocks_are_those_not_freed),
        zm_test(giving_room_back_loses_no_sample),
        zm_test(grown_blocks_count_as_large_ones),
        zm_test(shrunk_blocks_count_as_small_ones),
        exact_test(each_way_to_allocate_is_counted),
        exact_test(a_larger_block_is_another),
        exact_test(requests_near_the_limit_fail),
        exact_test(zeroed_blocks_are_zeroed),
        exact_test(others_free_what_a_thread_has),
        exact_test(a_child_goes_on),
        exact_test(each_function_takes_both_kinds),
        exact_test(the_zone_is_the_outermost_frame),
        zm_test(stopped_nothing_is_sampled),
        zm_test(wrong_intervals_are_refused),
        zm_test(threads_do_not_mix),
    };

    no_room_on_32_bits();
    if (zmalloc_sample_start(INTERVAL) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
