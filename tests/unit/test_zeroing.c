/* SPDX-License-Identifier: BSD-3-Clause */

/* Zeroed blocks are zero over their whole usable size, whatever lay there before. */

#include "api.h"

#define HELD 4
#define LARGEST ((size_t)3 << 20)
#define SLOTS 64
#define LARGEST_IN_SLOT 5000
#define STEPS 20000

static void *dirty_block(size_t size)
{
    void *block = zmalloc(size);

    fill_whole(block, 0xa5);
    return block;
}

/* Leaves dirty memory of about that size for the next allocation to find. */
static void leave_dirty_blocks(size_t size)
{
    void *held[HELD];

    for (size_t i = 0; i < HELD; i++)
        held[i] = dirty_block(size);
    for (size_t i = 0; i < HELD; i++)
        zfree(held[i]);
}

static void check_zeroed(const char *name, void *block, size_t size)
{
    size_t usable;
    unsigned char *bytes = whole_block(block, &usable);

    for (size_t i = 0; i < usable && !is_all(bytes, usable, 0); i++)
        if (bytes[i] != 0)
            fail_msg("%s(%zu): byte %zu of %zu is 0x%x", name, size, i, usable, bytes[i]);
}

static void take_zeroed_blocks(const struct allocating_function *function, size_t size)
{
    void *held[HELD];

    for (size_t i = 0; i < HELD; i++) {
        held[i] = function->call(NULL, size, NULL);
        check_zeroed(function->name, held[i], size);
    }
    for (size_t i = 0; i < HELD; i++)
        zfree(held[i]);
}

static void recycle(size_t dirty_size, size_t size)
{
    for (size_t i = 0; i < allocating_function_count; i++) {
        if (!allocating_functions[i].zeroes)
            continue;
        leave_dirty_blocks(dirty_size);
        take_zeroed_blocks(&allocating_functions[i], size);
    }
}

static void recycled_small_blocks_are_zero(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 1100; size++)
        recycle(size, size);
}

static void recycled_blocks_are_zero_at_the_borders(void **state)
{
    (void)state;
    for (size_t size = 1024; size <= 128 * 1024; size = next_border(size)) {
        recycle(size, size - 1);
        recycle(size, size);
        recycle(size, size + 1);
    }
}

/* The requested block has the size class of the dirty one, but needs less of it. */
static void the_rest_of_a_size_class_is_zero(void **state)
{
    (void)state;
    for (size_t size = 8; size <= 128 * 1024; size = next_border(size)) {
        recycle(size, size - size / 8);
        recycle(size, size - size / 4 + 1);
    }
}

static void recycled_large_blocks_are_zero(void **state)
{
    (void)state;
    for (size_t size = 128 * 1024; size <= LARGEST; size += size / 2) {
        recycle(size, size);
        recycle(size, size - 4095);
    }
}

static void parts_of_a_dirty_block_are_zero(void **state)
{
    (void)state;
    for (size_t size = 8; size <= 8192; size = next_border(size))
        recycle(64 * 1024, size);
}

/* What shrinking cuts off. */
static void the_cut_off_end_is_zero(void **state)
{
    (void)state;
    for (size_t size = 64; size <= 128 * 1024; size = next_border(size)) {
        void *shrunk = zrealloc(dirty_block(size), size / 4);
        void *zeroed = zcalloc(size / 2);

        check_zeroed("zcalloc", zeroed, size / 2);
        zfree(shrunk);
        zfree(zeroed);
    }
}

/* ---- All of it at once ---- */

static void *next_content(void *block, uint64_t random)
{
    size_t size = (size_t)(random % (random >> 32 & 15 ? 600 : LARGEST_IN_SLOT));

    if (block == NULL && (random >> 40 & 1) != 0)
        return dirty_block(size);
    if (block == NULL) {
        block = zcalloc(size);
        check_zeroed("zcalloc", block, size);
        return block;
    }
    if ((random >> 40 & 3) == 0)
        return zrealloc(block, size + 1);
    zfree(block);
    return NULL;
}

static void zeroed_blocks_among_dirty_ones_are_zero(void **state)
{
    void *slots[SLOTS] = {0};
    uint64_t seed = 10;

    (void)state;
    for (size_t left = scaled(STEPS); left > 0; left--) {
        void **slot = &slots[next_random(&seed) % SLOTS];

        *slot = next_content(*slot, next_random(&seed));
        if (*slot != NULL)
            fill_whole(*slot, 0x5a);
    }
    for (size_t i = 0; i < SLOTS; i++)
        zfree(slots[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(recycled_small_blocks_are_zero),
        zm_test(recycled_blocks_are_zero_at_the_borders),
        zm_test(the_rest_of_a_size_class_is_zero),
        zm_test(recycled_large_blocks_are_zero),
        zm_test(parts_of_a_dirty_block_are_zero),
        zm_test(the_cut_off_end_is_zero),
        zm_test(zeroed_blocks_among_dirty_ones_are_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
