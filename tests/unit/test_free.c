/* SPDX-License-Identifier: BSD-3-Clause */

/* Freeing blocks with each of the functions; errno is kept. */

#include <errno.h>

#include "api.h"

#define LARGEST ((size_t)8 << 20)
#define HELD 16
#define ERRNO_BEFORE 4242

/* The sizes that zfree_with_size may be given for a block. */
static size_t between(size_t size, size_t usable)
{
    return size + (usable - size) / 2;
}

static void free_with_requested(void *block, size_t size)
{
    zfree_with_size(block, size);
}

static void free_with_usable(void *block, size_t size)
{
    (void)size;
    zfree_with_size(block, zmalloc_usable_size(block));
}

static void free_with_between(void *block, size_t size)
{
    zfree_with_size(block, between(size, zmalloc_usable_size(block)));
}

static void free_plainly(void *block, size_t size)
{
    (void)size;
    zfree(block);
}

static void free_and_be_told(void *block, size_t size)
{
    size_t expected = zmalloc_usable_size(block);
    size_t told = 0;

    (void)size;
    zfree_usable(block, &told);
    assert_int_equal(told, expected);
}

static void free_and_not_listen(void *block, size_t size)
{
    (void)size;
    zfree_usable(block, NULL);
}

static void free_by_resizing(void *block, size_t size)
{
    (void)size;
    assert_null(zrealloc(block, 0));
}

static void (*const ways_to_free[])(void *block, size_t size) = {
    free_plainly,     free_and_be_told,  free_and_not_listen, free_with_requested,
    free_with_usable, free_with_between, free_by_resizing,
};
#define WAYS (sizeof ways_to_free / sizeof *ways_to_free)

static void free_one(void (*way)(void *block, size_t size), void *block, size_t size)
{
    size_t used = zmalloc_used_memory();
    size_t counted = zmalloc_size(block);

    errno = ERRNO_BEFORE;
    way(block, size);
    assert_int_equal(errno, ERRNO_BEFORE);
    assert_int_equal(zmalloc_used_memory(), used - counted);
}

/* Several blocks, so the allocator's caches for the size overflow as well. */
static void free_blocks_of(void (*way)(void *block, size_t size), size_t size)
{
    void *held[HELD];
    size_t count = size <= 65536 ? HELD : 2;

    for (size_t i = 0; i < count; i++)
        held[i] = zmalloc(size);
    for (size_t i = 0; i < count; i++)
        free_one(way, held[i], size);
}

static void each_way_gives_back_and_keeps_errno(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        free_blocks_of(ways_to_free[way], 0);
        for (size_t size = 1; size <= LARGEST; size = next_border(size)) {
            free_blocks_of(ways_to_free[way], size - 1);
            free_blocks_of(ways_to_free[way], size);
            free_blocks_of(ways_to_free[way], size + 1);
        }
    }
}

static void each_way_takes_aligned_blocks(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++)
        for (size_t alignment = 1; alignment <= 65536; alignment *= 2)
            for (size_t size = 1; size <= 100000; size = size * 3 + 1)
                free_one(ways_to_free[way], zmalloc_aligned(alignment, size), size);
}

/* What a block was reallocated to is what was asked for. */
static void each_way_takes_resized_blocks(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++)
        for (size_t size = 1; size <= 1000000; size = size * 3 + 1) {
            free_one(ways_to_free[way], zrealloc(zmalloc(size), size * 2), size * 2);
            free_one(ways_to_free[way], zrealloc(zmalloc(size), size / 2 + 1), size / 2 + 1);
        }
}

/* An allocator that put it into the wrong list would hand it out twice, or too small. */
static void sized_blocks_come_back_whole(void **state)
{
    void *held[HELD];

    (void)state;
    for (size_t size = 1; size <= 65536; size = next_border(size)) {
        for (size_t i = 0; i < HELD; i++)
            held[i] = zmalloc(size);
        for (size_t i = 0; i < HELD; i++)
            free_with_between(held[i], size);
        for (unsigned i = 0; i < HELD; i++)
            stamp_whole(held[i] = zmalloc(size), i);
        for (unsigned i = 0; i < HELD; i++) {
            assert_true(whole_has_stamp(held[i], i));
            free_with_requested(held[i], size);
        }
    }
}

static void null_is_nothing_to_free(void **state)
{
    void *block = zmalloc(100);
    size_t used = zmalloc_used_memory();
    size_t told = 1;

    (void)state;
    errno = ERRNO_BEFORE;
    zfree(NULL);
    zfree_with_size(NULL, 0);
    zfree_with_size(NULL, 100);
    zfree_usable(NULL, NULL);
    zfree_usable(NULL, &told);
    assert_int_equal(told, 0);
    assert_int_equal(errno, ERRNO_BEFORE);
    assert_int_equal(zmalloc_used_memory(), used);
    zfree(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(each_way_gives_back_and_keeps_errno),
        zm_test(each_way_takes_aligned_blocks),
        zm_test(each_way_takes_resized_blocks),
        zm_test(sized_blocks_come_back_whole),
        zm_test(null_is_nothing_to_free),
    };

    leave_blocks_untouched();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
