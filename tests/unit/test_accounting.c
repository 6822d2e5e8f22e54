/* SPDX-License-Identifier: BSD-3-Clause */

/* What is counted: everything that is live and nothing else, whichever functions it came from and
 * went through. Also the peak. */

#include "support.h"

#include <errno.h>
#include <string.h>

/* ---- Every way to get, resize and give back a block ---- */

#define MIB ((size_t)1 << 20)

static void *by_calloc_num(size_t size)
{
    return size % 3 == 0 ? zcalloc_num(size / 3, 3) : zcalloc_num(1, size);
}

/* A function of the usable family must report what the block reports. */
static void *checked_usable(void *block, size_t usable)
{
    assert_int_equal(zmalloc_usable_size(block), usable);
    return block;
}

#define BY_USABLE(function)                                                                        \
    static void *by_##function(size_t size)                                                        \
    {                                                                                              \
        size_t usable = 0;                                                                         \
        void *block = function(size, &usable);                                                     \
                                                                                                   \
        return checked_usable(block, usable);                                                      \
    }
BY_USABLE(zmalloc_usable)
BY_USABLE(zcalloc_usable)
BY_USABLE(ztrymalloc_usable)
BY_USABLE(ztrycalloc_usable)

static void *by_aligned(size_t size)
{
    return zmalloc_aligned((size_t)16 << size % 9, size);
}

static void *by_try_aligned(size_t size)
{
    return ztrymalloc_aligned((size_t)1 << size % 13, size);
}

static void *by_realloc(size_t size)
{
    return zrealloc(NULL, size);
}

static void *by_reallocarray(size_t size)
{
    return zreallocarray(NULL, size, 1);
}

static void *by_strdup(size_t size)
{
    static char text[2 * MIB];
    char *copy;

    assert_true(size < sizeof text);
    memset(text, 'z', size);
    text[size] = '\0';
    copy = zstrdup(text + (size > 0));
    return copy;
}

static void *(*const makers[])(size_t size) = {
    zmalloc,
    zcalloc,
    by_calloc_num,
    ztrymalloc,
    ztrycalloc,
    by_zmalloc_usable,
    by_zcalloc_usable,
    by_ztrymalloc_usable,
    by_ztrycalloc_usable,
    by_aligned,
    by_try_aligned,
    zmalloc_cache_aligned,
    ztrymalloc_cache_aligned,
    by_realloc,
    by_reallocarray,
    by_strdup,
};

static void *to_usable(void *block, size_t size)
{
    size_t usable = 0;

    block = zrealloc_usable(block, size, &usable);
    return checked_usable(block, usable);
}

static void *to_try_usable(void *block, size_t size)
{
    size_t usable = 0;

    block = ztryrealloc_usable(block, size, &usable);
    return checked_usable(block, usable);
}

static void *to_array(void *block, size_t size)
{
    return zreallocarray(block, size, 1);
}

static void *to_try_array(void *block, size_t size)
{
    return ztryreallocarray(block, 1, size);
}

/* A failure that leaves the block alone, before a success. */
static void *to_too_much_first(void *block, size_t size)
{
    volatile size_t too_much = SIZE_MAX / 4;

    assert_null(ztryreallocarray(block, too_much, 4));
    assert_null(ztryreallocarray(block, too_much, 16));
    return ztryrealloc(block, size);
}

static void *(*const resizers[])(void *block, size_t size) = {
    zrealloc, ztryrealloc, to_usable, to_try_usable, to_array, to_try_array, to_too_much_first,
};

static void free_plainly(void *block, size_t size)
{
    (void)size;
    zfree(block);
}

static void free_usable(void *block, size_t size)
{
    size_t expected = zmalloc_usable_size(block);
    size_t usable = 0;

    (void)size;
    zfree_usable(block, &usable);
    assert_int_equal(usable, expected);
}

static void free_by_realloc(void *block, size_t size)
{
    volatile size_t nothing = 0;

    (void)size;
    assert_null(zrealloc(block, nothing));
}

static void free_by_try_realloc(void *block, size_t size)
{
    size_t usable = size;
    volatile size_t nothing = 0;

    assert_null(ztryrealloc_usable(block, nothing, &usable));
    assert_int_equal(usable, 0);
}

/* A reallocation to far too much frees the block. */
static void free_by_excess(void *block, size_t size)
{
    volatile size_t too_much = SIZE_MAX / 2 + size;

    assert_null(ztryrealloc(block, too_much));
    assert_int_equal(errno, ENOMEM);
}

static void (*const releasers[])(void *block, size_t size) = {
    free_plainly,    free_usable,         zfree_with_size,
    free_by_realloc, free_by_try_realloc, free_by_excess,
};

/* ---- A seeded mix of them all ---- */

#define SLOTS 3000
#define LENGTH(array) (sizeof(array) / sizeof *(array))
/* Enough of a block to tell it from others. */
#define STAMPED 200

struct slot {
    void *block;
    size_t size;
    unsigned seed;
};

static struct slot slots[SLOTS];

static size_t sum_of_live_blocks(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < SLOTS; i++)
        sum += zmalloc_size(slots[i].block);
    return sum;
}

/* Mostly small, some up to 32 KiB, a few up to 2 MiB, now and then 0. */
static size_t random_size(uint64_t *state)
{
    uint64_t number = next_random(state);
    size_t limit = number % 512 == 0 ? 2 * MIB : number % 16 == 0 ? 32768 : 600;

    return (size_t)(number >> 16) % limit;
}

static size_t stamped(size_t size)
{
    return size < STAMPED ? size : STAMPED;
}

static void slot_fill(struct slot *slot, void *block, size_t size, unsigned seed)
{
    assert_non_null(block);
    assert_true(zmalloc_usable_size(block) >= size);
    *slot = (struct slot){.block = block, .size = size, .seed = seed};
    stamp(block, stamped(size), seed);
}

static void slot_make(struct slot *slot, size_t maker, size_t size)
{
    void *(*make)(size_t size) = makers[maker % LENGTH(makers)];

    /* A copy of an empty string asks for a byte. */
    if (make == by_strdup && size == 0)
        size = 1;
    slot_fill(slot, make(size), size, (unsigned)maker);
}

static void slot_resize(struct slot *slot, size_t maker, size_t size)
{
    size_t kept = stamped(size < slot->size ? size : slot->size);
    void *block = resizers[maker % LENGTH(resizers)](slot->block, size);

    assert_true(has_stamp(block, kept, slot->seed));
    slot_fill(slot, block, size, slot->seed);
}

static void slot_release(struct slot *slot, size_t releaser)
{
    assert_true(has_stamp(slot->block, stamped(slot->size), slot->seed));
    releasers[releaser % LENGTH(releasers)](slot->block, slot->size);
    slot->block = NULL;
}

static void random_operation(uint64_t *state)
{
    struct slot *slot = &slots[next_random(state) % SLOTS];
    size_t which = (size_t)(next_random(state) >> 8);
    size_t size = random_size(state);

    if (slot->block == NULL)
        slot_make(slot, which, size);
    else if (which % 3 == 0 && size > 0)
        slot_resize(slot, which / 3, size);
    else
        slot_release(slot, which / 3);
}

static void used_memory_is_the_sum_of_live_blocks(void **state)
{
    size_t operations = scaled(40000);
    uint64_t random = 20;

    (void)state;
    for (size_t i = 0; i < operations; i++) {
        random_operation(&random);
        if (i % 500 == 0)
            assert_int_equal(zmalloc_used_memory(), sum_of_live_blocks());
        if (i % 50 == 0)
            assert_true(zmalloc_used_memory() <= zmalloc_peak_memory());
    }
    assert_int_equal(zmalloc_used_memory(), sum_of_live_blocks());
    for (size_t i = 0; i < SLOTS; i++)
        if (slots[i].block != NULL)
            slot_release(&slots[i], i);
}

/* From the first block of the process on, by every function alone. */
static void each_function_counts_exactly(void **state)
{
    (void)state;
    for (size_t maker = 0; maker < LENGTH(makers); maker++)
        for (size_t resizer = 0; resizer < LENGTH(resizers); resizer++) {
            void *block = makers[maker](1000);

            assert_int_equal(zmalloc_used_memory(), zmalloc_size(block));
            block = resizers[resizer](block, 3 * MIB);
            assert_int_equal(zmalloc_used_memory(), zmalloc_size(block));
            block = resizers[resizer](block, 100);
            assert_int_equal(zmalloc_used_memory(), zmalloc_size(block));
            releasers[(maker + resizer) % LENGTH(releasers)](block, 100);
            assert_int_equal(zmalloc_used_memory(), 0);
        }
}

/* ---- The peak ---- */

static void peak_remembers_what_was_read(void **state)
{
    void *block;
    size_t used;

    (void)state;
    zmalloc_reset_peak();
    assert_int_equal(zmalloc_peak_memory(), 0);
    block = zmalloc(10000);
    used = zmalloc_used_memory();
    assert_true(used >= 10000);
    zfree(block);
    assert_int_equal(zmalloc_used_memory(), 0);
    assert_int_equal(zmalloc_peak_memory(), used);
    zmalloc_reset_peak();
    assert_int_equal(zmalloc_peak_memory(), 0);
}

static void peak_is_at_least_what_is_used(void **state)
{
    void *first = zmalloc(5000);
    void *second;

    (void)state;
    zmalloc_reset_peak();
    assert_int_equal(zmalloc_peak_memory(), zmalloc_size(first));
    second = zmalloc(70000);
    assert_int_equal(zmalloc_peak_memory(), zmalloc_size(first) + zmalloc_size(second));
    zfree(first);
    zfree(second);
}

/* No reading happens until everything is freed again. */
static size_t hold_and_free(void *(*maker)(size_t size), size_t size, size_t count)
{
    void *blocks[18];
    size_t held = 0;

    assert_true(count <= LENGTH(blocks));
    for (size_t i = 0; i < count; i++) {
        blocks[i] = maker(size);
        assert_non_null(blocks[i]);
        held += zmalloc_size(blocks[i]);
    }
    for (size_t i = 0; i < count; i++)
        zfree(blocks[i]);
    return held;
}

/* Growing one block at a time: the peak is less than a block below what was held, read or not. */
static void large_blocks_set_the_peak_unread(void **state)
{
    (void)state;
    for (size_t maker = 0; maker < LENGTH(makers); maker++)
        for (size_t count = 1; count <= 16; count *= 4) {
            size_t held;

            zmalloc_reset_peak();
            held = hold_and_free(makers[maker], MIB, count);
            assert_int_equal(zmalloc_peak_memory(), held);
            held = hold_and_free(makers[maker], MIB, count + 2);
            assert_true(zmalloc_peak_memory() + MIB > held);
        }
}

/* A block that is moved is not counted twice. */
static void large_reallocation_sets_the_peak_once(void **state)
{
    (void)state;
    for (size_t resizer = 0; resizer < LENGTH(resizers); resizer++) {
        void *block = zmalloc(2 * MIB);
        size_t high;

        zmalloc_reset_peak();
        block = resizers[resizer](block, 9 * MIB);
        high = zmalloc_size(block);
        block = resizers[resizer](block, 100);
        zfree(block);
        assert_int_equal(zmalloc_peak_memory(), high);
    }
}

static void fragmentation_is_resident_over_used(void **state)
{
    size_t used;
    void *block;

    (void)state;
    assert_true(zmalloc_get_fragmentation_ratio(12345) == 0.0f);
    block = zmalloc(MIB);
    used = zmalloc_used_memory();
    assert_true(zmalloc_get_fragmentation_ratio(0) == 0.0f);
    assert_true(zmalloc_get_fragmentation_ratio(used) == 1.0f);
    assert_true(zmalloc_get_fragmentation_ratio(2 * used) == 2.0f);
    assert_true(zmalloc_get_fragmentation_ratio(used / 4 * 2) < 0.51f);
    assert_true(zmalloc_get_fragmentation_ratio(used / 4 * 2) > 0.49f);
    zfree(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(each_function_counts_exactly),
        zm_test(used_memory_is_the_sum_of_live_blocks),
        zm_test(peak_remembers_what_was_read),
        zm_test(peak_is_at_least_what_is_used),
        zm_test(large_blocks_set_the_peak_unread),
        zm_test(large_reallocation_sets_the_peak_once),
        zm_test(fragmentation_is_resident_over_used),
    };

    leave_blocks_untouched();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
