/* SPDX-License-Identifier: BSD-3-Clause */

/* Memory that really runs out: the address space used up and freed again, and blocks larger than
 * the machine. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api.h"

#define MIB ((size_t)1 << 20)
#define ROOM (128 * MIB) /* what is left to allocate in a child */
#define BLOCK_SIZE MIB
#define MOST_BLOCKS 1024

static void skip_where_limits_do_not_work(void)
{
    if (UNDER_SANITIZER) {
        print_message("skipped: a sanitizer needs the address space for its shadow\n");
        skip();
    }
    skip_under_emulator("does not limit the address space");
}

/* Pages of address space that the process has. */
static size_t address_space(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    size_t pages = 0;

    EXPECT(file != NULL && fscanf(file, "%zu", &pages) == 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void limit_address_space(size_t room)
{
    struct rlimit limit;

    EXPECT(getrlimit(RLIMIT_AS, &limit) == 0);
    limit.rlim_cur = address_space() + room;
    EXPECT(setrlimit(RLIMIT_AS, &limit) == 0);
}

/* ---- Used up, then freed ---- */

static void *blocks[MOST_BLOCKS];

/* Takes blocks until there are no more; returns how many there were. */
static size_t use_up(size_t size)
{
    size_t count = 0;

    while (count < MOST_BLOCKS) {
        size_t used = zmalloc_used_memory();
        size_t usable = 1;

        errno = 0;
        blocks[count] = ztrymalloc_usable(size, &usable);
        if (blocks[count] == NULL) {
            EXPECT(errno == ENOMEM);
            EXPECT(usable == 0);
            EXPECT(zmalloc_used_memory() == used);
            break;
        }
        fill_whole(blocks[count], (unsigned char)count);
        count++;
    }
    EXPECT(count < MOST_BLOCKS);
    return count;
}

static void free_blocks(size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        EXPECT(is_all(extend_to_usable(blocks[i], size), size, (unsigned char)i));
        zfree(blocks[i]);
    }
}

static void use_up_and_free(void *argument)
{
    size_t first;

    (void)argument;
    limit_address_space(ROOM);
    first = use_up(BLOCK_SIZE);
    EXPECT(first >= ROOM / BLOCK_SIZE / 4);
    free_blocks(first, BLOCK_SIZE);
    EXPECT(zmalloc_used_memory() == 0);
    for (size_t round = 0; round < 3; round++) {
        size_t again = use_up(BLOCK_SIZE);

        EXPECT(again >= first / 2);
        free_blocks(again, BLOCK_SIZE);
        EXPECT(zmalloc_used_memory() == 0);
    }
}

static void freed_memory_can_be_had_again(void **state)
{
    struct outcome outcome;

    (void)state;
    skip_where_limits_do_not_work();
    outcome = run_child(use_up_and_free, NULL);
    assert_exited_with(&outcome, 0);
}

/* Every function, with nothing left. */
static void fail_everywhere(void *argument)
{
    size_t count;

    (void)argument;
    limit_address_space(ROOM);
    count = use_up(BLOCK_SIZE);
    for (size_t i = 0; i < allocating_function_count; i++) {
        const struct allocating_function *function = &allocating_functions[i];
        size_t used = zmalloc_used_memory();
        size_t usable = 1;

        remember_handler_calls();
        errno = 0;
        EXPECT(function->call(NULL, ROOM, &usable) == NULL);
        EXPECT(errno == ENOMEM);
        EXPECT(usable == (function->tells_usable ? 0 : 1));
        EXPECT(handler_record.calls == (function->calls_handler ? 1 : 0));
        EXPECT(zmalloc_used_memory() == used);
    }
    free_blocks(count, BLOCK_SIZE);
}

static void every_function_fails_where_nothing_is_left(void **state)
{
    struct outcome outcome;

    (void)state;
    skip_where_limits_do_not_work();
    outcome = run_child(fail_everywhere, NULL);
    assert_exited_with(&outcome, 0);
}

/* ---- A reallocation for which there is no room ---- */

static void fail_to_grow_one(const struct allocating_function *function, size_t size)
{
    void *block = zmalloc(size);
    size_t used = zmalloc_used_memory();
    size_t block_size = zmalloc_size(block);
    size_t usable = 1;

    stamp_whole(block, 5);
    errno = 0;
    EXPECT(function->call(block, 2 * ROOM, &usable) == NULL);
    EXPECT(errno == ENOMEM);
    EXPECT(usable == (function->tells_usable ? 0 : 1));
    EXPECT(zmalloc_size(block) == block_size);
    EXPECT(zmalloc_used_memory() == used);
    EXPECT(whole_has_stamp(block, 5));
    zfree(block);
    EXPECT(zmalloc_used_memory() == used - block_size);
}

static void fail_to_grow(void *argument)
{
    (void)argument;
    limit_address_space(ROOM);
    remember_handler_calls();
    for (size_t i = 0; i < allocating_function_count; i++)
        if (allocating_functions[i].takes_block)
            for (size_t size = 1; size <= 16 * MIB; size *= 8)
                fail_to_grow_one(&allocating_functions[i], size);
}

static void a_block_that_cannot_grow_stays(void **state)
{
    struct outcome outcome;

    (void)state;
    skip_where_limits_do_not_work();
    outcome = run_child(fail_to_grow, NULL);
    assert_exited_with(&outcome, 0);
}

/* ---- Larger than the machine ---- */

static void *grown_from_one_byte(size_t size)
{
    void *block = zmalloc(1);
    void *grown = ztryrealloc(block, size);

    if (grown == NULL)
        zfree(block);
    return grown;
}

static void *page_aligned(size_t size)
{
    return ztrymalloc_aligned(4096, size);
}

static void try_huge(void *(*allocate)(size_t size), size_t size)
{
    char *block;

    errno = 0;
    block = allocate(size);
    if (block == NULL) {
        EXPECT(errno == ENOMEM);
    } else {
        EXPECT(is_aligned(block, 16));
        EXPECT(zmalloc_usable_size(block) >= size);
        EXPECT(zmalloc_used_memory() == zmalloc_size(block));
        block[0] = block[size / 2] = block[size - 1] = 1;
        zfree(block);
    }
    EXPECT(zmalloc_used_memory() == 0);
}

/* From 1 GiB to far more than the machine has, or to the largest size that the core lets
 * through. */
#if SIZE_MAX > UINT32_MAX
#define MOST_HUGE ((size_t)1 << 40)
#else
#define MOST_HUGE ((size_t)1 << 30)
#endif

static void try_all_huge(void *argument)
{
    (void)argument;
    leave_blocks_untouched();
    for (size_t size = (size_t)1 << 30; size <= MOST_HUGE; size *= 2) {
        try_huge(ztrymalloc, size);
        try_huge(grown_from_one_byte, size);
        try_huge(page_aligned, size);
    }
}

/* Whether they succeed depends on the system's overcommit. */
static void huge_blocks_are_there_or_not(void **state)
{
    struct outcome outcome;

    (void)state;
    skip_where_limits_do_not_work();
    outcome = run_child(try_all_huge, NULL);
    assert_exited_with(&outcome, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(freed_memory_can_be_had_again),
        zm_test(every_function_fails_where_nothing_is_left),
        zm_test(a_block_that_cannot_grow_stays),
        zm_test(huge_blocks_are_there_or_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
