/* SPDX-License-Identifier: BSD-3-Clause */

/* Reallocation: contents, the sizes that free, and failures that leave everything as it was. */

#include <errno.h>
#include <string.h>

#include "api.h"

#define LARGEST ((size_t)256 << 10)
#define LARGEST_STEP 4096
#define ERRNO_BEFORE 4242

/* Calls test for every function that resizes. */
static void for_each_resizing(void (*test)(const struct allocating_function *function))
{
    for (size_t i = 0; i < allocating_function_count; i++)
        if (allocating_functions[i].takes_block)
            test(&allocating_functions[i]);
}

/* ---- Contents ---- */

static void resize_once(size_t from, size_t to, bool in_the_way)
{
    void *block = zmalloc(from);
    void *neighbour = in_the_way ? zmalloc(from) : NULL;
    size_t kept = zmalloc_usable_size(block);
    size_t used = zmalloc_used_memory() - zmalloc_size(block);

    stamp_whole(block, 7);
    block = zrealloc(block, to);
    assert_non_null(block);
    assert_true(zmalloc_usable_size(block) >= to);
    assert_int_equal(zmalloc_used_memory(), used + zmalloc_size(block));
    if (!has_stamp(extend_to_usable(block, kept < to ? kept : to), kept < to ? kept : to, 7))
        fail_msg("%zu bytes made %zu lost their contents", from, to);
    fill_whole(block, 0xa5);
    zfree(neighbour);
    zfree(block);
}

static void resize_both_ways(size_t from, size_t to)
{
    resize_once(from, to, false);
    resize_once(from, to, true);
    resize_once(to, from, false);
    resize_once(to, from, true);
}

static void contents_survive_at_the_borders(void **state)
{
    (void)state;
    for (size_t border = 2; border <= LARGEST; border = next_border(border))
        for (size_t from = border - 1; from <= border + 1; from++) {
            resize_both_ways(from, from + 1);
            resize_both_ways(from, border * 2 - 1);
            resize_both_ways(from, border * 2 + 1);
            resize_both_ways(from, 1);
        }
}

static void contents_survive_large_moves(void **state)
{
    (void)state;
    for (size_t from = 1; from <= 300000; from = from * 5 + 3) {
        resize_both_ways(from, 3 << 20);
        resize_both_ways(from, from * 9);
    }
}

static unsigned char byte_at(size_t position)
{
    return (unsigned char)(position * 7 + (position >> 8));
}

/* From nothing to LARGEST_STEP bytes and back, by one byte, with other blocks in between. */
static void contents_survive_every_step(void **state)
{
    unsigned char expected[LARGEST_STEP];
    void *others[LARGEST_STEP / 64 + 1] = {0};
    unsigned char *block = NULL;

    (void)state;
    for (size_t size = 1; size <= LARGEST_STEP; size++) {
        block = zrealloc(block, size);
        block[size - 1] = expected[size - 1] = byte_at(size - 1);
        assert_memory_equal(block, expected, size);
        if (size % 64 == 0)
            others[size / 64] = zmalloc(size);
    }
    for (size_t size = LARGEST_STEP - 1; size > 0; size--) {
        block = zrealloc(block, size);
        assert_memory_equal(block, expected, size);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        zfree(others[i]);
    zfree(block);
}

/* ---- Size 0 and NULL ---- */

static void size_zero_frees_with(const struct allocating_function *function)
{
    void *kept = zmalloc(10);
    size_t used = zmalloc_used_memory();
    void *block = zmalloc(1000);
    size_t usable = 1;

    remember_handler_calls();
    errno = ERRNO_BEFORE;
    assert_null(function->call(block, 0, &usable));
    assert_int_equal(errno, ERRNO_BEFORE);
    assert_int_equal(usable, function->tells_usable ? 0 : 1);
    assert_int_equal(handler_record.calls, 0);
    assert_int_equal(zmalloc_used_memory(), used);
    zfree(kept);
}

static void size_zero_frees(void **state)
{
    (void)state;
    for_each_resizing(size_zero_frees_with);
}

static void an_array_of_nothing_frees(void **state)
{
    /* Volatile: the compiler warns of what it knows to be too large. */
    volatile size_t many = SIZE_MAX;

    (void)state;
    assert_null(zreallocarray(zmalloc(100), 0, many));
    assert_null(zreallocarray(zmalloc(100), many, 0));
    assert_null(ztryreallocarray(zmalloc(100), 0, many));
    assert_null(ztryreallocarray(zmalloc(100), many, 0));
    assert_int_equal(zmalloc_used_memory(), 0);
}

static void null_allocates_with(const struct allocating_function *function)
{
    const size_t sizes[] = {0, 1, 100, 100000};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *block = function->call(NULL, sizes[i], NULL);

        assert_non_null(block);
        assert_true(zmalloc_usable_size(block) >= sizes[i]);
        block = function->call(block, sizes[i] + 1, NULL);
        assert_non_null(block);
        zfree(block);
    }
}

static void null_allocates(void **state)
{
    (void)state;
    for_each_resizing(null_allocates_with);
}

/* ---- Too large ---- */

static void check_failure(const struct allocating_function *function, size_t size, size_t usable)
{
    size_t calls = function->calls_handler ? 1 : 0;

    assert_int_equal(errno, ENOMEM);
    assert_int_equal(usable, function->tells_usable ? 0 : 1);
    assert_int_equal(handler_record.calls, calls);
    if (function->calls_handler)
        assert_int_equal(handler_record.size, size);
}

static void fail_to_resize(const struct allocating_function *function, void *block, size_t size)
{
    size_t usable = 1;

    remember_handler_calls();
    errno = 0;
    assert_null(function->call(block, size, &usable));
    check_failure(function, size, usable);
}

/* What fails must leave the block; it is freed here. */
static void check_untouched(void *block, size_t block_size, size_t used)
{
    assert_int_equal(zmalloc_size(block), block_size);
    assert_int_equal(zmalloc_used_memory(), used);
    assert_true(whole_has_stamp(block, 3));
    zfree(block);
    assert_int_equal(zmalloc_used_memory(), used - block_size);
}

static void too_large_with(const struct allocating_function *function)
{
    const size_t sizes[] = {SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - 16, SIZE_MAX - 15, SIZE_MAX};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *block = zmalloc(1000);
        size_t block_size = zmalloc_size(block);
        size_t used = zmalloc_used_memory();

        stamp_whole(block, 3);
        fail_to_resize(function, block, sizes[i]);
        if (function->keeps_too_large)
            check_untouched(block, block_size, used);
        else
            assert_int_equal(zmalloc_used_memory(), used - block_size);
    }
}

/* Redis's rule; the array functions do not follow it. */
static void a_size_too_large_frees(void **state)
{
    (void)state;
    for_each_resizing(too_large_with);
}

/* Below the core's limit, but beyond any machine: the allocator itself refuses. */
static void refused_with(const struct allocating_function *function)
{
    const size_t old_sizes[] = {1, 1000, 100000, (size_t)2 << 20};
    const size_t sizes[] = {BEYOND_ADDRESS_SPACE, BEYOND_ADDRESS_SPACE * 2, SIZE_MAX / 4,
                            SIZE_MAX / 2 - 17, SIZE_MAX / 2 - 1};

    for (size_t i = 0; i < sizeof old_sizes / sizeof *old_sizes; i++)
        for (size_t at = 0; at < sizeof sizes / sizeof *sizes; at++) {
            void *block = zmalloc(old_sizes[i]);
            size_t block_size = zmalloc_size(block);
            size_t used = zmalloc_used_memory();

            stamp_whole(block, 3);
            fail_to_resize(function, block, sizes[at]);
            check_untouched(block, block_size, used);
        }
}

static void a_refusal_leaves_the_block(void **state)
{
    (void)state;
    for_each_resizing(refused_with);
}

/* ---- Products ---- */

static void overflow_with(void *(*resize)(void *ptr, size_t num, size_t size), size_t handler_calls)
{
    const size_t products[][2] = {
        {ROOT_OF_SIZES, ROOT_OF_SIZES}, {SIZE_MAX, 2}, {2, SIZE_MAX}, {SIZE_MAX, SIZE_MAX}};

    for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
        void *block = zmalloc(1000);
        size_t block_size = zmalloc_size(block);
        size_t used = zmalloc_used_memory();

        stamp_whole(block, 3);
        remember_handler_calls();
        errno = 0;
        assert_null(resize(block, products[i][0], products[i][1]));
        assert_int_equal(errno, ENOMEM);
        assert_int_equal(handler_record.calls, handler_calls);
        assert_true(handler_calls == 0 || handler_record.size == SIZE_MAX);
        check_untouched(block, block_size, used);
    }
}

static void an_overflow_leaves_the_block(void **state)
{
    (void)state;
    overflow_with(zreallocarray, 1);
    overflow_with(ztryreallocarray, 0);
}

/* ---- What to pass to a library in place of realloc(): docs/porting.md ---- */

static void *resize_for_a_library(void *block, size_t size)
{
    return ztryreallocarray(block, 1, size);
}

static void for_a_library_an_absurd_size_leaves_the_block(void **state)
{
    const size_t sizes[] = {SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - 1, SIZE_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *block = resize_for_a_library(NULL, 1000);
        size_t block_size = zmalloc_size(block);
        size_t used = zmalloc_used_memory();

        stamp_whole(block, 3);
        errno = 0;
        assert_null(resize_for_a_library(block, sizes[i]));
        assert_int_equal(errno, ENOMEM);
        check_untouched(block, block_size, used);
    }
}

static void products_are_sizes(void **state)
{
    unsigned char *block = ztryreallocarray(NULL, 7, 11);

    (void)state;
    assert_true(zmalloc_usable_size(block) >= 77);
    stamp(block, 77, 5);
    block = zreallocarray(block, 300, 100);
    assert_true(zmalloc_usable_size(block) >= 30000);
    assert_true(has_stamp(block, 77, 5));
    block = ztryreallocarray(block, 3, 5);
    assert_true(has_stamp(block, 15, 5));
    zfree(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(contents_survive_at_the_borders),
        zm_test(contents_survive_large_moves),
        zm_test(contents_survive_every_step),
        zm_test(size_zero_frees),
        zm_test(an_array_of_nothing_frees),
        zm_test(null_allocates),
        zm_test(a_size_too_large_frees),
        zm_test(a_refusal_leaves_the_block),
        zm_test(an_overflow_leaves_the_block),
        zm_test(products_are_sizes),
        zm_test(for_a_library_an_absurd_size_leaves_the_block),
    };

    no_room_on_32_bits();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
