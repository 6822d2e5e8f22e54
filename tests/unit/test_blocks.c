/* SPDX-License-Identifier: BSD-3-Clause */

/* Properties of a block: its address, how much of it may be used, and what it counts for. */

#include <stdlib.h>
#include <string.h>

#include "api.h"

#define LARGEST ((size_t)2 << 20)
#define LARGEST_TRIED_ALL ((size_t)5000)
#define LARGEST_WRITTEN ((size_t)1 << 16)
#define HELD 8

static void check_counts(const struct allocating_function *function, const void *block,
                         size_t used_before)
{
    size_t usable = zmalloc_usable_size(block);

    if (zmalloc_size(block) != usable + zmalloc_backend_prefix_size())
        fail_msg("%s: counts for %zu, usable %zu", function->name, zmalloc_size(block), usable);
    if (zmalloc_used_memory() - used_before != zmalloc_size(block))
        fail_msg("%s: used memory grew by %zu, not %zu", function->name,
                 zmalloc_used_memory() - used_before, zmalloc_size(block));
}

static void check_new_block(const struct allocating_function *function, void *block, size_t size,
                            size_t told)
{
    size_t least = size > 0 ? size : sizeof(long);

    if (block == NULL)
        fail_msg("%s(%zu) returned NULL", function->name, size);
    if (zmalloc_usable_size(block) < least)
        fail_msg("%s(%zu) has %zu bytes", function->name, size, zmalloc_usable_size(block));
    if (function->tells_usable && told != zmalloc_usable_size(block))
        fail_msg("%s(%zu) told %zu of %zu bytes", function->name, size, told,
                 zmalloc_usable_size(block));
    if (!is_aligned(block, alignment_for(least)))
        fail_msg("%s(%zu) returned %p", function->name, size, block);
}

static void check_bytes(const struct allocating_function *function, void *block)
{
    size_t usable;
    unsigned char *bytes = whole_block(block, &usable);

    if (function->zeroes && !is_all(bytes, usable, 0))
        fail_msg("%s: %zu bytes are not all 0", function->name, usable);
    fill_whole(block, 0xa5);
}

static void check_function_at(const struct allocating_function *function, size_t size)
{
    size_t used_before = zmalloc_used_memory();
    size_t told = 0;
    void *block = function->call(NULL, size, &told);

    check_new_block(function, block, size, told);
    check_counts(function, block, used_before);
    if (size <= LARGEST_WRITTEN)
        check_bytes(function, block);
    zfree(block);
    assert_int_equal(zmalloc_used_memory(), used_before);
}

static void every_function_gives_such_a_block(void **state)
{
    (void)state;
    for (size_t i = 0; i < allocating_function_count; i++) {
        check_function_at(&allocating_functions[i], 0);
        for (size_t size = 1; size <= LARGEST; size = next_border(size)) {
            check_function_at(&allocating_functions[i], size - 1);
            check_function_at(&allocating_functions[i], size);
            check_function_at(&allocating_functions[i], size + 1);
        }
    }
}

/* A backend may derive the size of a small block from the request; it must be the size that the
 * block has. */
static void every_size_is_told_as_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < allocating_function_count; i++) {
        const struct allocating_function *function = &allocating_functions[i];

        for (size_t size = 1; size <= LARGEST_TRIED_ALL; size++) {
            size_t used_before = zmalloc_used_memory();
            size_t told = 0;
            void *block = function->call(NULL, size, &told);

            check_new_block(function, block, size, told);
            check_counts(function, block, used_before);
            zfree(block);
        }
    }
}

/* Several at a time: of small adjacent blocks, only every other one may be aligned. */
static void hold_aligned_blocks(size_t size, size_t next_size)
{
    void *held[HELD];

    for (size_t i = 0; i < HELD; i++) {
        held[i] = zmalloc(size);
        if (!is_aligned(held[i], alignment_for(size)))
            fail_msg("zmalloc(%zu) returned %p", size, held[i]);
    }
    for (size_t i = 0; i < HELD; i++) {
        held[i] = zrealloc(held[i], next_size);
        if (!is_aligned(held[i], alignment_for(next_size)))
            fail_msg("zrealloc(, %zu) of %zu bytes returned %p", next_size, size, held[i]);
    }
    for (size_t i = 0; i < HELD; i++)
        zfree(held[i]);
}

static void blocks_are_aligned_for_their_size(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 4096; size++) {
        hold_aligned_blocks(size, 4097 - size);
        hold_aligned_blocks(size, size + 1);
    }
    for (size_t size = 1; size <= 64; size++)
        for (size_t next_size = 1; next_size <= 64; next_size++)
            hold_aligned_blocks(size, next_size);
}

static void blocks_are_aligned_at_the_borders(void **state)
{
    (void)state;
    for (size_t size = 4096; size <= LARGEST; size = next_border(size)) {
        hold_aligned_blocks(size - 1, size);
        hold_aligned_blocks(size, size + 1);
        hold_aligned_blocks(size + 1, size / 2);
    }
}

static void size_zero_is_a_block(void **state)
{
    (void)state;
    for (size_t i = 0; i < allocating_function_count; i++) {
        const struct allocating_function *function = &allocating_functions[i];
        void *one = function->call(NULL, 0, NULL);
        void *other = function->call(NULL, 0, NULL);

        assert_non_null(one);
        assert_non_null(other);
        assert_ptr_not_equal(one, other);
        zfree(one);
        zfree(other);
    }
}

static void an_array_of_nothing_is_of_size_zero(void **state)
{
    const size_t others[] = {0, 1, 4096, ROOT_OF_SIZES, SIZE_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        void *blocks[] = {
            zcalloc_num(0, others[i]),
            zcalloc_num(others[i], 0),
            ztrycalloc_num(0, others[i]),
            ztrycalloc_num(others[i], 0),
            zreallocarray(NULL, 0, others[i]),
            zreallocarray(NULL, others[i], 0),
            ztryreallocarray(NULL, 0, others[i]),
            ztryreallocarray(NULL, others[i], 0),
        };

        for (size_t at = 0; at < sizeof blocks / sizeof *blocks; at++) {
            assert_non_null(blocks[at]);
            assert_true(zmalloc_usable_size(blocks[at]) >= sizeof(long));
            zfree(blocks[at]);
        }
    }
}

/* Blocks do not share usable bytes. */
static void blocks_do_not_overlap(void **state)
{
    void *blocks[200];

    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        blocks[i] = zmalloc(1 + i * 13 % 300);
        stamp_whole(blocks[i], i);
    }
    for (unsigned i = 0; i < 200; i++) {
        assert_true(whole_has_stamp(blocks[i], i));
        zfree(blocks[i]);
    }
}

static void sizes_of_null_are_zero(void **state)
{
    (void)state;
    assert_int_equal(zmalloc_size(NULL), 0);
    assert_int_equal(zmalloc_usable_size(NULL), 0);
}

static void used_memory_is_the_sum_over_live_blocks(void **state)
{
    void *blocks[100];
    size_t sum = 0;

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        blocks[i] = zmalloc(i * i * 7);
        sum += zmalloc_size(blocks[i]);
        assert_int_equal(zmalloc_used_memory(), sum);
    }
    for (size_t i = 0; i < 100; i++) {
        sum -= zmalloc_size(blocks[i]);
        zfree(blocks[i]);
        assert_int_equal(zmalloc_used_memory(), sum);
    }
}

/* ---- zstrdup ---- */

static void check_copy_by(char *(*duplicate)(const char *string), const char *string)
{
    char *copy = duplicate(string);

    assert_non_null(copy);
    assert_ptr_not_equal(copy, string);
    assert_string_equal(copy, string);
    assert_true(zmalloc_usable_size(copy) >= strlen(string) + 1);
    zfree(copy);
}

static void check_copy(const char *string)
{
    check_copy_by(zstrdup, string);
    check_copy_by(ztrystrdup, string);
}

static void strings_are_copied(void **state)
{
    size_t long_size = ((size_t)1 << 20) + 1;
    char *own = zmalloc(long_size);
    char *foreign = malloc(long_size);

    (void)state;
    memset(own, 'o', long_size - 1);
    memset(foreign, 'f', long_size - 1);
    own[long_size - 1] = foreign[long_size - 1] = '\0';
    check_copy("");
    check_copy("x");
    check_copy("fifteen letters");
    check_copy("a little longer \xff\x01");
    check_copy(own);
    check_copy(foreign);
    zfree(own);
    free(foreign);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(every_function_gives_such_a_block),
        zm_test(every_size_is_told_as_it_is),
        zm_test(blocks_are_aligned_for_their_size),
        zm_test(blocks_are_aligned_at_the_borders),
        zm_test(size_zero_is_a_block),
        zm_test(an_array_of_nothing_is_of_size_zero),
        zm_test(blocks_do_not_overlap),
        zm_test(sizes_of_null_are_zero),
        zm_test(used_memory_is_the_sum_over_live_blocks),
        zm_test(strings_are_copied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
