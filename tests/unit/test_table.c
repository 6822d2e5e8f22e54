/* SPDX-License-Identifier: BSD-3-Clause */

/* The operations of the backend's table, called as by a forwarding backend: each keeps the promises
 * of zmalloc_backend.h, also those that the core bypasses. */

#include <errno.h>
#include <string.h>

#include "support.h"
#include "zmalloc_backend.h"

#define SIZES ((const size_t[]){1, 8, 100, 1024, 5000, 100000, 3000000})
#define SIZE_COUNT (sizeof SIZES / sizeof *SIZES)
#define ALIGNMENT 64
#define STAMPED 100

static const struct zmalloc_backend *table;

static int find_table(void **state)
{
    (void)state;
    table = zmalloc_backend_table(name_without_layers());
    return table != NULL ? 0 : -1;
}

/* A block from each operation that allocates; told is what it reported. */
static void *make(size_t how, size_t size, size_t *told)
{
    size_t old = 0;
    void *ptr;

    *told = 0;
    switch (how) {
    case 0:
        return table->alloc(size, told);
    case 1:
        return table->calloc(size, told);
    case 2:
        return table->aligned_alloc(ALIGNMENT, size, told);
    default:
        ptr = table->alloc(1, told);
        assert_non_null(ptr);
        return table->realloc(ptr, size, &old, told);
    }
}

#define WAYS 4

static size_t make_and_check(size_t how, size_t size, void **ptr)
{
    size_t told;
    size_t usable;

    *ptr = make(how, size, &told);
    assert_non_null(*ptr);
    usable = table->usable_size(*ptr);
    assert_true(usable >= size);
    assert_true(told == usable || (told == 0 && how < 2));
    return usable;
}

static void every_free_tells_what_the_block_had(void **state)
{
    (void)state;
    for (size_t how = 0; how < WAYS; how++) {
        for (size_t i = 0; i < SIZE_COUNT; i++) {
            void *ptr;
            size_t usable = make_and_check(how, SIZES[i], &ptr);

            assert_int_equal(table->free(ptr), usable);
            usable = make_and_check(how, SIZES[i], &ptr);
            assert_int_equal(table->free_sized(ptr, SIZES[i]), usable);
            usable = make_and_check(how, SIZES[i], &ptr);
            assert_int_equal(table->free_sized(ptr, usable), usable);
        }
    }
}

static void a_free_that_promises_to_keep_errno_does(void **state)
{
    void *ptr;

    (void)state;
    if (!table->free_keeps_errno)
        skip();
    make_and_check(0, 3000000, &ptr);
    errno = EDOM;
    table->free_sized(ptr, 3000000);
    assert_int_equal(errno, EDOM);
}

static void what_is_too_large_fails(void **state)
{
    size_t largest = SIZE_MAX / 2 - table->prefix_size - 1;
    size_t told = 0;

    (void)state;
    assert_null(table->alloc(largest, &told));
    assert_null(table->calloc(largest, &told));
    assert_null(table->aligned_alloc(ALIGNMENT, largest - ALIGNMENT, &told));
    assert_null(table->aligned_alloc(4096, largest - 4096, &told));
}

static void a_block_that_cannot_grow_is_as_it_was(void **state)
{
    size_t old = 7;
    size_t told = 0;
    void *ptr;

    (void)state;
    for (size_t how = 0; how < WAYS; how++) {
        size_t usable = make_and_check(how, STAMPED, &ptr);

        stamp(ptr, STAMPED, (unsigned)how);
        assert_null(table->realloc(ptr, SIZE_MAX / 2 - table->prefix_size - 1, &old, &told));
        assert_true(has_stamp(ptr, STAMPED, (unsigned)how));
        assert_int_equal(table->free(ptr), usable);
    }
}

/* Only there for other programs' sources: everything is thread-safe anyway. */
static void what_redis_had_to_ask_for_does_nothing(void **state)
{
    char *block = zmalloc(STAMPED);
    size_t used = zmalloc_used_memory();

    (void)state;
    stamp(block, STAMPED, 1);
    zmalloc_enable_thread_safeness();
    assert_ptr_equal(extend_to_usable(block, zmalloc_usable_size(block)), block);
    assert_true(has_stamp(block, STAMPED, 1));
    assert_int_equal(zmalloc_used_memory(), used);
    zfree(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(every_free_tells_what_the_block_had),
        zm_test(a_free_that_promises_to_keep_errno_does),
        zm_test(what_is_too_large_fails),
        zm_test(a_block_that_cannot_grow_is_as_it_was),
        zm_test(what_redis_had_to_ask_for_does_nothing),
    };

    no_room_on_32_bits();
    return cmocka_run_group_tests(tests, find_table, NULL);
}
