/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Moving blocks together: allocating and freeing past the thread's cache, how much could be given back,
 * and which blocks are worth moving. A backend that tells must be right; one that does not says so, and so does
 * a layer that knows every block by its address.
 */

#include "support.h"
#include "zmalloc_backend.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define BLOCKS 60000
#define FEW_BLOCKS 500 /* of 24 bytes, with pages of 4 KiB: four slabs */
#define PASSES 20
#define KEPT_OF 4 /* of so many blocks one stays */

static const size_t sizes[] = {24, 100, 200, 500, 1000, 3000};
#define SIZES (sizeof sizes / sizeof *sizes)

static unsigned char **blocks;
static size_t block_count;

static bool is_under_a_layer(void)
{
    const char *name = zmalloc_backend_name();

    return strstr(name, "debug+") != NULL || strstr(name, "fail+") != NULL;
}

static const struct zmalloc_backend *table(void)
{
    const struct zmalloc_backend *found = zmalloc_backend_table(name_without_layers());

    assert_non_null(found);
    return found;
}

/* ---- Past the cache ---- */

static void blocks_are_like_others(void **state)
{
    size_t used = zmalloc_used_memory();

    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        unsigned char *past = zmalloc_no_tcache(sizes[i]);
        unsigned char *tried = ztrymalloc_no_tcache(sizes[i]);

        assert_true(zmalloc_usable_size(past) >= sizes[i] &&
                    zmalloc_usable_size(tried) >= sizes[i]);
        assert_int_equal((uintptr_t)past % (sizes[i] < 16 ? 8 : 16), 0);
        stamp(past, zmalloc_usable_size(past), 1);
        stamp(tried, zmalloc_usable_size(tried), 2);
        assert_int_equal(zmalloc_used_memory(), used + zmalloc_size(past) + zmalloc_size(tried));
        assert_true(has_stamp(past, zmalloc_usable_size(past), 1));
        past = zrealloc(past, 2 * sizes[i]);
        assert_true(has_stamp(past, sizes[i], 1));
        zfree_no_tcache(past);
        zfree(tried);
        assert_int_equal(zmalloc_used_memory(), used);
    }
}

static void any_block_can_be_freed_past_it(void **state)
{
    (void)state;
    zfree_no_tcache(zmalloc(100));
    zfree_no_tcache(zcalloc(5000));
    zfree_no_tcache(zmalloc_aligned(4096, 10));
    zfree_no_tcache(zmalloc((size_t)1 << 20));
    zfree_no_tcache(zrealloc(zmalloc(10), 100000));
    zfree_with_size(zmalloc_no_tcache(100), 100);
    zfree_no_tcache(NULL);
}

static void freeing_keeps_errno(void **state)
{
    void *ptr = zmalloc_no_tcache(100);

    (void)state;
    errno = EXDEV;
    zfree_no_tcache(ptr);
    assert_int_equal(errno, EXDEV);
    zfree_no_tcache(NULL);
    assert_int_equal(errno, EXDEV);
}

static volatile size_t nothing = 0;
static volatile size_t too_much = SIZE_MAX - 1;
static size_t asked_for;

static void note(size_t size)
{
    asked_for = size;
}

static void failures_are_like_others(void **state)
{
    void *ptr = ztrymalloc_no_tcache(nothing);

    (void)state;
    assert_true(ptr != NULL && zmalloc_usable_size(ptr) >= sizeof(long));
    zfree_no_tcache(ptr);
    errno = 0;
    ptr = ztrymalloc_no_tcache(too_much / 2 + 1);
    assert_true(ptr == NULL && errno == ENOMEM);
    zmalloc_set_oom_handler(note);
    ptr = zmalloc_no_tcache(too_much);
    assert_true(ptr == NULL && errno == ENOMEM);
    zmalloc_set_oom_handler(NULL);
    assert_true(asked_for == too_much);
}

/* The first is not counted by the thread itself yet, the last is. */
static void *take_and_give(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < 1000; i++) {
        unsigned char *ptr = zmalloc_no_tcache(64 + i);

        memset(ptr, 1, 64 + i);
        zfree_no_tcache(ptr);
    }
    return NULL;
}

static void threads_count_them(void **state)
{
    size_t used = zmalloc_used_memory();

    (void)state;
    run_threads(4, take_and_give, NULL);
    assert_int_equal(zmalloc_used_memory(), used);
}

/* ---- Moving ---- */

static bool tells_blocks(void)
{
    return table()->worth_moving != NULL && !is_under_a_layer();
}

static bool tells_bytes(void)
{
    return table()->fragmentation != NULL;
}

#define ASKING 8

struct answers {
    pthread_barrier_t start;
    unsigned of_blocks;
    unsigned of_bytes;
};

static void *ask(void *argument)
{
    struct answers *answers = argument;
    void *small = zmalloc(100);

    pthread_barrier_wait(&answers->start);
    if (zmalloc_worth_moving(small) >= 0)
        __atomic_add_fetch(&answers->of_blocks, 1, __ATOMIC_RELAXED);
    if (zmalloc_get_fragmentation(NULL) == 0)
        __atomic_add_fetch(&answers->of_bytes, 1, __ATOMIC_RELAXED);
    zfree(small);
    return NULL;
}

/* Runs first: a backend may learn what it has to know when it is first asked. */
static void threads_may_ask_at_once(void **state)
{
    struct answers answers = {.of_blocks = 0};

    (void)state;
    assert_int_equal(pthread_barrier_init(&answers.start, NULL, ASKING), 0);
    run_threads(ASKING, ask, &answers);
    pthread_barrier_destroy(&answers.start);
    assert_int_equal(answers.of_blocks, tells_blocks() ? ASKING : 0);
    assert_int_equal(answers.of_bytes, tells_bytes() ? ASKING : 0);
}

static size_t one_size; /* 0: all of them */

static size_t size_of(size_t i)
{
    return one_size != 0 ? one_size : sizes[i % SIZES];
}

static void fill(size_t count)
{
    block_count = count;
    blocks = zcalloc_num(count, sizeof *blocks);
    for (size_t i = 0; i < count; i++) {
        blocks[i] = zmalloc(size_of(i));
        stamp(blocks[i], size_of(i), (unsigned)i);
    }
}

static void make_holes(void)
{
    uint64_t random = 1;

    for (size_t i = 0; i < block_count; i++)
        if (next_random(&random) % KEPT_OF != 0) {
            zfree(blocks[i]);
            blocks[i] = NULL;
        }
    zmalloc_thread_idle();
}

static bool moves(size_t i)
{
    size_t size = zmalloc_usable_size(blocks[i]);
    unsigned char *moved;

    if (zmalloc_worth_moving(blocks[i]) != 1)
        return false;
    moved = ztrymalloc_no_tcache(size);
    assert_non_null(moved);
    memcpy(moved, blocks[i], size_of(i));
    zfree_no_tcache(blocks[i]);
    blocks[i] = moved;
    return true;
}

static size_t pass(void)
{
    size_t moved = 0;

    for (size_t i = 0; i < block_count; i++) {
        if (i % 1000 == 0)
            zmalloc_get_fragmentation(NULL);
        if (blocks[i] != NULL)
            moved += moves(i);
    }
    return moved;
}

static void check_all(void)
{
    for (size_t i = 0; i < block_count; i++)
        if (blocks[i] != NULL)
            assert_true(has_stamp(blocks[i], size_of(i), (unsigned)i));
}

static void free_all(void)
{
    for (size_t i = 0; i < block_count; i++)
        zfree(blocks[i]);
    zfree(blocks);
}

/* At most an eighth of the blocks that have gone is left as holes, which is what the rule leaves and a little for
 * slabs that are being filled. */
static void moving_empties_pages(void **state)
{
    size_t before = 1;
    size_t after = 1;
    size_t moved = 0;
    size_t used;

    (void)state;
    fill(BLOCKS);
    make_holes();
    used = zmalloc_used_memory();
    assert_int_equal(zmalloc_get_fragmentation(&before), tells_bytes() ? 0 : -1);
    assert_true(tells_bytes() || before == 0);
    for (unsigned i = 0; i < PASSES; i++)
        moved += pass();
    check_all();
    assert_int_equal(zmalloc_get_fragmentation(&after), tells_bytes() ? 0 : -1);
    assert_true(tells_blocks() || moved == 0);
    if (tells_blocks()) {
        assert_true(moved > BLOCKS / KEPT_OF / 2);
        assert_int_equal(zmalloc_used_memory(), used);
    }
    if (tells_blocks() && tells_bytes())
        assert_between(after, 0, before / 8);
    free_all();
}

/* ---- A few pages ---- */

/* What jemalloc was built for: larger pages make larger slabs. */
static size_t few_blocks(void)
{
    size_t size;
    size_t size_of_size = sizeof size;

    if (zmalloc_backend_ctl("arenas.page", &size, &size_of_size, NULL, 0) != 0)
        size = 4096;
    return FEW_BLOCKS * (size / 4096);
}

static size_t fragmentation(void)
{
    size_t bytes = 0;

    zmalloc_thread_idle();
    zmalloc_get_fragmentation(&bytes);
    return bytes;
}

/* With four slabs, the one that is being filled is a good part of all. */
static void moving_empties_few_pages(void **state)
{
    size_t none = fragmentation();
    size_t before;

    (void)state;
    one_size = 24;
    fill(few_blocks());
    make_holes();
    before = fragmentation();
    for (unsigned i = 0; i < PASSES; i++)
        pass();
    check_all();
    if (tells_blocks() && tells_bytes()) {
        assert_true(before > none);
        assert_between(fragmentation(), 0, none + (before - none) / 2);
    }
    free_all();
    one_size = 0;
}

/* Blocks of one size, of which the first go and the last stay, so that the slab that is being filled may be the
 * emptiest. */
static void leave_the_last(size_t count, size_t stay)
{
    fill(count);
    zmalloc_thread_idle();
    for (size_t i = 0; i + stay < count; i++)
        if (i % 13 != 0) {
            zfree_no_tcache(blocks[i]);
            blocks[i] = NULL;
        }
}

/* Otherwise a program that makes passes until nothing moves would not get further. */
static void moving_comes_to_an_end(void **state)
{
    size_t most = few_blocks();

    (void)state;
    one_size = 24;
    for (size_t count = most / 10; count < most; count += most / 10)
        for (size_t stay = 0; stay < count; stay += most / 10) {
            unsigned passes = 0;

            leave_the_last(count, stay);
            while (pass() != 0)
                assert_true(++passes < PASSES);
            check_all();
            free_all();
        }
    one_size = 0;
}

/* A program can tell at its start whether it will ever be asked to move a block. */
static void what_is_not_known_is_said(void **state)
{
    bool tells = tells_blocks();
    void *small = zmalloc(100);
    void *large = zmalloc((size_t)4 << 20);

    (void)state;
    errno = 0;
    assert_int_equal(zmalloc_worth_moving(NULL), tells ? 0 : -1);
    assert_int_equal(errno, tells ? 0 : ENOTSUP);
    assert_int_equal(zmalloc_worth_moving(large), tells ? 0 : -1);
    assert_true(tells || zmalloc_worth_moving(small) == -1);
    zfree(small);
    zfree(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(threads_may_ask_at_once),        zm_test(blocks_are_like_others),
        zm_test(any_block_can_be_freed_past_it), zm_test(freeing_keeps_errno),
        zm_test(failures_are_like_others),       zm_test(threads_count_them),
        zm_test(moving_empties_few_pages),       zm_test(moving_comes_to_an_end),
        zm_test(moving_empties_pages),           zm_test(what_is_not_known_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
