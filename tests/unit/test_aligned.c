/* SPDX-License-Identifier: BSD-3-Clause */

/* Aligned blocks, and what else can be done with them. */

#include <errno.h>

#include "api.h"

#define LARGEST_ALIGNMENT ((size_t)1 << 20)
#define HELD 4
#define SMALL 4096 /* of larger blocks fewer are held, since writing them takes long */
#define MANY 1000
#define ERRNO_BEFORE 4242

static const size_t sizes[] = {0, 1, 7, 8, 15, 16, 17, 100, 1000, 4095, 4096, 4097, 70000};
#define SIZES (sizeof sizes / sizeof *sizes)

typedef void *(*allocate_aligned)(size_t alignment, size_t size);

static void check_aligned(allocate_aligned allocate, size_t alignment, size_t size)
{
    size_t used = zmalloc_used_memory();
    size_t count = size <= SMALL ? HELD : HELD / 2;
    void *held[HELD];
    size_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        held[i] = allocate(alignment, size);
        if (held[i] == NULL || !is_aligned(held[i], alignment))
            fail_msg("a block of %zu bytes aligned to %zu is %p", size, alignment, held[i]);
        assert_true(is_aligned(held[i], alignment_for(size)));
        assert_true(zmalloc_usable_size(held[i]) >= (size > 0 ? size : sizeof(long)));
        assert_int_equal(zmalloc_size(held[i]),
                         zmalloc_usable_size(held[i]) + zmalloc_backend_prefix_size());
        sum += zmalloc_size(held[i]);
        assert_int_equal(zmalloc_used_memory(), used + sum);
        stamp_whole(held[i], (unsigned)i);
    }
    for (size_t i = 0; i < count; i++) {
        assert_true(whole_has_stamp(held[i], (unsigned)i));
        zfree(held[i]);
    }
    assert_int_equal(zmalloc_used_memory(), used);
}

static void blocks_have_their_alignment(void **state)
{
    (void)state;
    for (size_t alignment = 1; alignment <= LARGEST_ALIGNMENT; alignment *= 2)
        for (size_t i = 0; i < SIZES; i++) {
            check_aligned(zmalloc_aligned, alignment, sizes[i]);
            check_aligned(ztrymalloc_aligned, alignment, sizes[i]);
        }
}

/* Sizes at which an allocator may assume that blocks are aligned anyway. */
static void powers_of_two_have_their_alignment(void **state)
{
    (void)state;
    for (size_t alignment = 1; alignment <= LARGEST_ALIGNMENT; alignment *= 2)
        for (size_t size = 1; size <= LARGEST_ALIGNMENT; size *= 2)
            check_aligned(zmalloc_aligned, alignment, size);
}

static void *cache_aligned(size_t alignment, size_t size)
{
    (void)alignment;
    return zmalloc_cache_aligned(size);
}

static void *try_cache_aligned(size_t alignment, size_t size)
{
    (void)alignment;
    return ztrymalloc_cache_aligned(size);
}

static void cache_lines_are_not_shared(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 1000; size++) {
        check_aligned(cache_aligned, 64, size);
        check_aligned(try_cache_aligned, 64, size);
    }
}

/* An allocator may keep a flag for all blocks of a page, and lose it when the page is full. */
static void hold_many(size_t alignment, size_t size)
{
    static void *held[MANY];
    static size_t usable[MANY];

    for (size_t i = 0; i < MANY; i++) {
        held[i] = zmalloc_aligned(alignment, size);
        usable[i] = zmalloc_usable_size(held[i]);
        stamp_whole(held[i], (unsigned)i);
    }
    for (size_t i = 0; i < MANY; i += 2) {
        zfree(held[i]);
        held[i] = zmalloc_aligned(alignment, size);
        usable[i] = zmalloc_usable_size(held[i]);
        stamp_whole(held[i], (unsigned)i);
    }
    for (size_t i = 0; i < MANY; i++) {
        if (zmalloc_usable_size(held[i]) != usable[i] || !whole_has_stamp(held[i], (unsigned)i))
            fail_msg("block %zu of %zu bytes aligned to %zu has changed", i, size, alignment);
        zfree(held[i]);
    }
}

static void many_blocks_are_left_alone(void **state)
{
    (void)state;
    for (size_t alignment = 32; alignment <= 4096; alignment *= 2)
        for (size_t size = 20; size <= 2500; size *= 5)
            hold_many(alignment, size);
}

/* ---- Reallocation ---- */

static void resize_aligned(size_t alignment, size_t from, size_t to)
{
    void *block = zmalloc_aligned(alignment, from);
    size_t kept = zmalloc_usable_size(block);
    size_t used = zmalloc_used_memory() - zmalloc_size(block);

    stamp_whole(block, 9);
    block = zrealloc(block, to);
    assert_non_null(block);
    assert_true(is_aligned(block, alignment_for(to)));
    assert_true(zmalloc_usable_size(block) >= to);
    assert_int_equal(zmalloc_used_memory(), used + zmalloc_size(block));
    if (!has_stamp(extend_to_usable(block, kept < to ? kept : to), kept < to ? kept : to, 9))
        fail_msg("%zu bytes aligned to %zu made %zu lost their contents", from, alignment, to);
    fill_whole(block, 0xa5);
    zfree(block);
    assert_int_equal(zmalloc_used_memory(), used);
}

static void contents_survive_reallocation(void **state)
{
    (void)state;
    for (size_t alignment = 16; alignment <= 4096; alignment *= 2)
        for (size_t from = 0; from < SIZES; from++)
            for (size_t to = 1; to < SIZES; to++)
                resize_aligned(alignment, sizes[from], sizes[to]);
}

/* Every resize of a block that was aligned once. */
static void an_aligned_block_is_resized_often(void **state)
{
    uint64_t seed = 9;

    (void)state;
    for (size_t alignment = 16; alignment <= 65536; alignment *= 4) {
        unsigned char *block = zmalloc_aligned(alignment, 1);

        *block = 77;
        for (size_t step = 0; step < 200; step++) {
            block = zrealloc(block, 1 + (size_t)(next_random(&seed) % 20000));
            assert_int_equal(*block, 77);
        }
        zfree(block);
    }
}

static void freed_by_resizing(void **state)
{
    void *kept;

    (void)state;
    assert_null(zrealloc(zmalloc_aligned(1024, 5000), 0));
    assert_int_equal(zmalloc_used_memory(), 0);
    kept = zmalloc_aligned(1024, 5000);
    stamp_whole(kept, 4);
    assert_null(ztryrealloc(kept, SIZE_MAX / 4));
    assert_true(whole_has_stamp(kept, 4));
    assert_null(ztryrealloc(kept, SIZE_MAX / 2));
    assert_int_equal(zmalloc_used_memory(), 0);
}

/* ---- Failures ---- */

/* Volatile: clang 14 crashes on an alignment that it knows to be 0. */
static void check_bad_alignment(volatile size_t alignment, size_t size)
{
    errno = 0;
    assert_null(zmalloc_aligned(alignment, size));
    assert_int_equal(errno, EINVAL);
    errno = 0;
    assert_null(ztrymalloc_aligned(alignment, size));
    assert_int_equal(errno, EINVAL);
}

static void bad_alignment(void **state)
{
    const size_t bad[] = {
        0, 3, 5, 6, 7, 9, 17, 24, 48, 4095, 4097, SIZE_MAX / 2, SIZE_MAX / 2 + 2, SIZE_MAX};

    (void)state;
    remember_handler_calls();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (size_t at = 0; at < SIZES; at++)
            check_bad_alignment(bad[i], sizes[at]);
    check_bad_alignment(bad[0], SIZE_MAX);
    assert_int_equal(handler_record.calls, 0);
}

static void check_too_large(size_t alignment, size_t size)
{
    remember_handler_calls();
    errno = 0;
    assert_null(ztrymalloc_aligned(alignment, size));
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(handler_record.calls, 0);
    errno = 0;
    assert_null(zmalloc_aligned(alignment, size));
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(handler_record.calls, 1);
    assert_int_equal(handler_record.size, size);
}

static size_t largest_alignment(void)
{
    return under_valgrind() ? VALGRIND_ALIGNMENT_MAX : SIZE_MAX / 2 + 1;
}

/* With every alignment: the sum of the two must not overflow on the way. */
static void too_large_with_any_alignment(void **state)
{
    const size_t large[] = {SIZE_MAX / 4,     SIZE_MAX / 2 - 16, SIZE_MAX / 2,
                            SIZE_MAX / 2 + 1, SIZE_MAX - 16,     SIZE_MAX};

    (void)state;
    for (size_t alignment = 1; alignment - 1 < largest_alignment(); alignment *= 2)
        for (size_t i = 0; i < sizeof large / sizeof *large; i++)
            check_too_large(alignment, large[i]);
}

static void alignment_beyond_any_machine(void **state)
{
    (void)state;
    if (under_valgrind()) {
        print_message("skipped: valgrind itself ends over such an alignment\n");
        skip();
    }
    for (size_t alignment = BEYOND_ADDRESS_SPACE; alignment != 0; alignment *= 2) {
        check_too_large(alignment, 0);
        check_too_large(alignment, 1);
        check_too_large(alignment, 100000);
    }
}

/* Allocators have different limits, but each request must succeed or fail completely. */
static void alignment_that_may_be_too_large(void **state)
{
    (void)state;
    remember_handler_calls();
    for (size_t alignment = 2 * LARGEST_ALIGNMENT; alignment <= VALGRIND_ALIGNMENT_MAX;
         alignment *= 2) {
        void *block;

        errno = ERRNO_BEFORE;
        block = ztrymalloc_aligned(alignment, 100);
        assert_true(is_aligned(block, alignment));
        if (block != NULL)
            fill_whole(block, 0xa5);
        else
            assert_int_equal(errno, ENOMEM);
        zfree(block);
    }
    assert_int_equal(handler_record.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(blocks_have_their_alignment),
        zm_test(powers_of_two_have_their_alignment),
        zm_test(cache_lines_are_not_shared),
        zm_test(many_blocks_are_left_alone),
        zm_test(contents_survive_reallocation),
        zm_test(an_aligned_block_is_resized_often),
        zm_test(freed_by_resizing),
        zm_test(bad_alignment),
        zm_test(too_large_with_any_alignment),
        zm_test(alignment_beyond_any_machine),
        zm_test(alignment_that_may_be_too_large),
    };

    no_room_on_32_bits();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
