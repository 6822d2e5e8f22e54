/* SPDX-License-Identifier: BSD-3-Clause */

/* Zones: each has exactly its own blocks, whoever allocates and frees them; parents, peaks, limits. */

#include "support.h"

#include "zmalloc_zone.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define KIB ((size_t)1 << 10)
#define MIB (KIB << 10)
#define ZONES_MAX 255

static struct zmalloc_zone *create(const char *name, struct zmalloc_zone *parent)
{
    struct zmalloc_zone *zone = zmalloc_zone_create(name, parent);

    assert_non_null(zone);
    assert_int_equal(zmalloc_zone_used(zone), 0);
    return zone;
}

static void destroy(struct zmalloc_zone *zone)
{
    size_t left = 1;

    assert_int_equal(zmalloc_zone_destroy(zone, &left), 0);
    assert_int_equal(left, 0);
}

/* ---- Every way to get and resize a block ---- */

static void *by_usable(struct zmalloc_zone *zone, size_t size)
{
    size_t usable = 0;
    void *block = zmalloc_usable_in(zone, size, &usable);

    assert_int_equal(zmalloc_usable_size(block), usable);
    return block;
}

static void *by_try_usable(struct zmalloc_zone *zone, size_t size)
{
    return ztrymalloc_usable_in(zone, size, NULL);
}

static void *by_aligned(struct zmalloc_zone *zone, size_t size)
{
    return zmalloc_aligned_in(zone, 256, size);
}

static void *by_try_aligned(struct zmalloc_zone *zone, size_t size)
{
    return ztrymalloc_aligned_in(zone, 64, size);
}

static void *by_realloc(struct zmalloc_zone *zone, size_t size)
{
    return zrealloc_in(zone, NULL, size);
}

static void *by_try_realloc(struct zmalloc_zone *zone, size_t size)
{
    return ztryrealloc_in(zone, NULL, size);
}

static void *(*const makers[])(struct zmalloc_zone *zone, size_t size) = {
    zmalloc_in,    zcalloc_in, ztrymalloc_in,  ztrycalloc_in, by_usable,
    by_try_usable, by_aligned, by_try_aligned, by_realloc,    by_try_realloc,
};
#define MAKERS (sizeof makers / sizeof *makers)

static void account_for_one(struct zmalloc_zone *zone, size_t maker, size_t size)
{
    size_t used = zmalloc_used_memory();
    void *block = makers[maker](zone, size);

    assert_non_null(block);
    assert_int_equal(zmalloc_zone_used(zone), zmalloc_size(block));
    assert_int_equal(zmalloc_used_memory(), used + zmalloc_size(block));
    block = maker % 2 ? zrealloc_in(zone, block, 3 * size + 10)
                      : ztryrealloc_in(zone, block, 3 * size + 10);
    assert_int_equal(zmalloc_zone_used(zone), zmalloc_size(block));
    assert_null(ztryrealloc_in(zone, block, SIZE_MAX / 2 - 1));
    assert_int_equal(zmalloc_zone_used(zone), zmalloc_size(block));
    if (maker % 3 == 0)
        assert_null(zrealloc_in(zone, block, 0));
    else if (maker % 3 == 1)
        assert_null(ztryrealloc_in(zone, block, SIZE_MAX / 2));
    else
        zfree_in(zone, block);
    assert_int_equal(zmalloc_zone_used(zone), 0);
    assert_int_equal(zmalloc_used_memory(), used);
}

/* From the first block of the process on: the thread is not registered at first. */
static void each_function_counts_exactly(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 4000, 70000, 3000000};
    struct zmalloc_zone *zone = create("all", NULL);

    (void)state;
    for (size_t maker = 0; maker < MAKERS; maker++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            account_for_one(zone, maker, sizes[i]);
    zfree_in(zone, NULL);
    destroy(zone);
}

static void without_a_zone_they_are_the_others(void **state)
{
    volatile size_t nothing = 0;

    (void)state;
    for (size_t maker = 0; maker < MAKERS; maker++) {
        void *block = makers[maker](NULL, 100);

        assert_int_equal(zmalloc_used_memory(), zmalloc_size(block));
        zfree_in(NULL, ztryrealloc_in(NULL, block, 200));
    }
    errno = 0;
    assert_null(zmalloc_aligned_in(NULL, nothing, 100));
    assert_int_equal(errno, EINVAL);
}

/* ---- Several zones ---- */

#define SLOTS 500

struct slot {
    struct zmalloc_zone *zone;
    void *block;
};

static void zones_are_the_sums_of_their_blocks(void **state)
{
    struct zmalloc_zone *zones[3] = {create("one", NULL), create("two", NULL), NULL};
    static struct slot slots[SLOTS];
    uint64_t random = 4;

    (void)state;
    zones[2] = create("three", zones[1]);
    for (size_t i = 0; i < 20000; i++) {
        struct slot *slot = &slots[next_random(&random) % SLOTS];
        size_t number = (size_t)(next_random(&random) >> 16);

        if (slot->block == NULL) {
            slot->zone = zones[number % 3];
            slot->block = makers[number / 3 % MAKERS](slot->zone, number % 5000);
        } else if (number % 4 == 0) {
            slot->block = zrealloc_in(slot->zone, slot->block, 1 + number % 9000);
        } else {
            zfree_in(slot->zone, slot->block);
            slot->block = NULL;
        }
    }
    for (size_t z = 0; z < 3; z++) {
        size_t sum = 0;

        for (size_t i = 0; i < SLOTS; i++)
            if (slots[i].block != NULL &&
                (slots[i].zone == zones[z] || zmalloc_zone_parent(slots[i].zone) == zones[z]))
                sum += zmalloc_size(slots[i].block);
        assert_int_equal(zmalloc_zone_used(zones[z]), sum);
    }
    for (size_t i = 0; i < SLOTS; i++)
        if (slots[i].block != NULL)
            zfree_in(slots[i].zone, slots[i].block);
    destroy(zones[2]);
    destroy(zones[1]);
    destroy(zones[0]);
}

/* ---- Threads ---- */

#define THREADS 8
#define HANDED 64

static struct zmalloc_zone *shared_zone;
static void *_Atomic handed[HANDED];

/* Some live long enough to be registered. What one allocates another frees. */
static void *hand_over(void *argument)
{
    size_t me = (size_t)(uintptr_t)argument;
    uint64_t random = me + 9;
    size_t rounds = me % 2 == 0 ? 20 : 3000;

    for (size_t i = 0; i < rounds; i++) {
        void *block = zmalloc_in(shared_zone, 1 + (size_t)(next_random(&random) % 2000));

        block = __atomic_exchange_n((void **)&handed[next_random(&random) % HANDED], block,
                                    __ATOMIC_ACQ_REL);
        zfree_in(shared_zone, block);
    }
    return NULL;
}

static void threads_share_a_zone(void **state)
{
    pthread_t threads[THREADS];
    size_t sum = 0;

    (void)state;
    shared_zone = create("shared", NULL);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hand_over, (void *)(uintptr_t)i), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < HANDED; i++)
        sum += zmalloc_size(handed[i]);
    assert_true(sum > 0);
    assert_int_equal(zmalloc_zone_used(shared_zone), sum);
    for (size_t i = 0; i < HANDED; i++)
        zfree_in(shared_zone, handed[i]);
    destroy(shared_zone);
}

/* ---- Peaks ---- */

static void a_zone_has_a_peak(void **state)
{
    struct zmalloc_zone *outer = create("outer", NULL);
    struct zmalloc_zone *inner = create("inner", outer);
    void *blocks[1000];

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        blocks[i] = zmalloc_in(inner, 1000);
    for (size_t i = 0; i < 1000; i++)
        zfree_in(inner, blocks[i]);
    assert_between(zmalloc_zone_peak(inner), 1000000 - 65536, 1400000);
    assert_between(zmalloc_zone_peak(outer), 1000000 - 65536, 1400000);
    zmalloc_zone_reset_peak(inner);
    assert_int_equal(zmalloc_zone_peak(inner), 0);
    assert_true(zmalloc_zone_peak(outer) > 0);
    destroy(inner);
    destroy(outer);
}

/* ---- Limits ---- */

static size_t handler_calls;

static void count_calls(size_t size)
{
    assert_int_equal(size, 2 * MIB);
    handler_calls++;
}

static void a_zone_keeps_its_limit(void **state)
{
    struct zmalloc_zone *outer = create("outer", NULL);
    struct zmalloc_zone *inner = create("inner", outer);
    size_t usable = 1;
    void *block;
    void *first = NULL;

    (void)state;
    assert_int_equal(zmalloc_zone_get_limit(outer), SIZE_MAX);
    assert_int_equal(zmalloc_zone_set_limit(outer, MIB), 0);
    assert_int_equal(zmalloc_zone_get_limit(outer), MIB);
    errno = 0;
    assert_null(ztrymalloc_in(inner, 2 * MIB));
    assert_int_equal(errno, ENOMEM);
    assert_null(ztrymalloc_usable_in(inner, 2 * MIB, &usable));
    assert_int_equal(usable, 0);
    zmalloc_set_oom_handler(count_calls);
    assert_null(zmalloc_in(outer, 2 * MIB));
    assert_null(zcalloc_in(outer, 2 * MIB));
    assert_null(zmalloc_aligned_in(outer, 64, 2 * MIB));
    assert_null(zmalloc_usable_in(outer, 2 * MIB, NULL));
    assert_null(zrealloc_in(outer, NULL, 2 * MIB));
    zmalloc_set_oom_handler(NULL);
    assert_int_equal(handler_calls, 5);
    while ((block = ztrymalloc_in(inner, 10000)) != NULL) {
        *(void **)block = first;
        first = block;
    }
    assert_between(zmalloc_zone_used(outer), MIB - 20000, MIB);
    assert_null(ztryrealloc_in(inner, first, 100000));
    first = ztryrealloc_in(inner, first, 5000);
    assert_non_null(first);
    while (first != NULL) {
        block = *(void **)first;
        zfree_in(inner, first);
        first = block;
    }
    assert_int_equal(zmalloc_zone_set_limit(outer, SIZE_MAX), 0);
    zfree_in(outer, zmalloc_in(outer, 2 * MIB));
    errno = 0;
    assert_int_equal(zmalloc_zone_set_limit(outer, 0), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(zmalloc_zone_set_limit(outer, SIZE_MAX / 2), -1);
    destroy(inner);
    destroy(outer);
}

/* A limit may be set below what is in use. */
static void what_does_not_grow_is_served(void **state)
{
    struct zmalloc_zone *zone = create("full", NULL);
    void *blocks[] = {zmalloc_in(zone, 200 * KIB), zmalloc_in(zone, 200 * KIB)};
    volatile size_t too_large = SIZE_MAX;

    (void)state;
    assert_int_equal(zmalloc_zone_set_limit(zone, KIB), 0);
    assert_null(ztrymalloc_in(zone, 10));
    assert_null(ztryrealloc_in(zone, blocks[0], 300 * KIB));
    blocks[0] = ztryrealloc_in(zone, blocks[0], 100 * KIB);
    assert_non_null(blocks[0]);
    assert_null(ztryrealloc_in(zone, blocks[0], 0));
    assert_int_equal(zmalloc_zone_used(zone), zmalloc_size(blocks[1]));
    assert_null(ztryrealloc_in(zone, blocks[1], too_large));
    destroy(zone);
}

static atomic_int holders;

/* There is never room for two. */
static void *take_turns(void *argument)
{
    for (size_t i = 0; i < scaled(300); i++) {
        void *block = ztrymalloc_in(shared_zone, 600 * KIB);

        if (block == NULL)
            continue;
        child_check(atomic_fetch_add(&holders, 1) == 0);
        sched_yield();
        atomic_fetch_sub(&holders, 1);
        zfree_in(shared_zone, block);
    }
    return argument;
}

static void two_requests_do_not_take_the_same_room(void **state)
{
    pthread_t threads[4];

    (void)state;
    leave_blocks_untouched();
    shared_zone = create("narrow", NULL);
    assert_int_equal(zmalloc_zone_set_limit(shared_zone, MIB), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    destroy(shared_zone);
}

/* ---- Creating and destroying ---- */

static void names_have_a_rule(void **state)
{
    static const char *const wrong[] = {NULL, "", "a\nb", "\x7f", "tab\t"};
    char name[65];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        errno = 0;
        assert_null(zmalloc_zone_create(wrong[i], NULL));
        assert_int_equal(errno, EINVAL);
    }
    memset(name, 'x', 64);
    name[64] = '\0';
    assert_null(zmalloc_zone_create(name, NULL));
    name[63] = '\0';
    destroy(create(name, NULL));
    destroy(create("caf\xc3\xa9 \"1\"", NULL));
}

static void a_zone_in_use_stays(void **state)
{
    struct zmalloc_zone *outer = create("outer", NULL);
    struct zmalloc_zone *inner = create("inner", outer);
    void *block = zmalloc_in(inner, 1000);
    size_t left = 0;

    (void)state;
    errno = 0;
    assert_int_equal(zmalloc_zone_destroy(inner, &left), -1);
    assert_int_equal(errno, EBUSY);
    assert_int_equal(left, zmalloc_size(block));
    zfree_in(inner, block);
    assert_int_equal(zmalloc_zone_destroy(outer, &left), -1);
    assert_int_equal(left, 0);
    assert_int_equal(zmalloc_zone_destroy(inner, NULL), 0);
    destroy(outer);
}

static void zones_are_listed_in_their_order(void **state)
{
    struct zmalloc_zone *first = create("first", NULL);
    struct zmalloc_zone *second = create("second", first);
    struct zmalloc_zone *third;

    (void)state;
    destroy(second);
    third = create("third", first);
    second = create("fourth", NULL);
    assert_ptr_equal(zmalloc_zone_next(NULL), first);
    assert_ptr_equal(zmalloc_zone_next(first), third);
    assert_ptr_equal(zmalloc_zone_next(third), second);
    assert_null(zmalloc_zone_next(second));
    assert_string_equal(zmalloc_zone_name(third), "third");
    assert_ptr_equal(zmalloc_zone_parent(third), first);
    assert_null(zmalloc_zone_parent(first));
    destroy(third);
    destroy(second);
    destroy(first);
}

static void there_are_so_many_zones(void **state)
{
    struct zmalloc_zone *zones[ZONES_MAX];

    (void)state;
    for (size_t i = 0; i < ZONES_MAX; i++)
        zones[i] = create("one of many", NULL);
    errno = 0;
    assert_null(zmalloc_zone_create("one more", NULL));
    assert_int_equal(errno, ENOSPC);
    for (size_t i = 0; i < ZONES_MAX; i++)
        destroy(zones[i]);
}

/* ---- fork ---- */

static struct zmalloc_zone *outer_before_fork;
static struct zmalloc_zone *inner_before_fork;

static void destroy_in_child(void *argument)
{
    (void)argument;
    child_check(zmalloc_zone_destroy(outer_before_fork, NULL) == -1 && errno == EBUSY);
    child_check(zmalloc_zone_destroy(inner_before_fork, NULL) == 0);
    child_check(zmalloc_zone_destroy(outer_before_fork, NULL) == 0);
}

static void a_forked_child_has_the_same_zones(void **state)
{
    struct outcome outcome;

    (void)state;
    outer_before_fork = zmalloc_zone_create("outer", NULL);
    inner_before_fork = zmalloc_zone_create("inner", outer_before_fork);
    outcome = run_child(destroy_in_child, NULL);
    assert_exited_with(&outcome, 0);
    assert_int_equal(zmalloc_zone_destroy(inner_before_fork, NULL), 0);
    assert_int_equal(zmalloc_zone_destroy(outer_before_fork, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(each_function_counts_exactly),
        zm_test(without_a_zone_they_are_the_others),
        zm_test(zones_are_the_sums_of_their_blocks),
        zm_test(threads_share_a_zone),
        zm_test(a_zone_has_a_peak),
        zm_test(a_zone_keeps_its_limit),
        zm_test(what_does_not_grow_is_served),
        zm_test(two_requests_do_not_take_the_same_room),
        zm_test(names_have_a_rule),
        zm_test(a_zone_in_use_stays),
        zm_test(zones_are_listed_in_their_order),
        zm_test(there_are_so_many_zones),
        zm_test(a_forked_child_has_the_same_zones),
    };

    no_room_on_32_bits();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
