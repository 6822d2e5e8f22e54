/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The prefix of the libc backend: a pointer that is not a live block of it ends the process with
 * SIGABRT and one line that names the pointer. What is tried here is out of bounds on purpose, and
 * only defined for that backend.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api.h"
#include "uses.h"

#define PREFIX_SIZE 16
#define STATUS_ALLOCATION 8
#define STATUS_GONE 9

/* ---- In a child ---- */

struct attempt {
    void (*use)(void *ptr);
    void *ptr;
    void (*prepare)(struct attempt *attempt);
    unsigned bit; /* of the prefix, for flip_bit */
};

static void try_it(void *argument)
{
    struct attempt *attempt = argument;
    struct rlimit no_core = {0, 0};

    setrlimit(RLIMIT_CORE, &no_core);
    if (attempt->prepare != NULL)
        attempt->prepare(attempt);
    attempt->use(attempt->ptr);
}

static void must_die(struct attempt attempt)
{
    struct outcome outcome = run_child(try_it, &attempt);
    char beginning[64];

    snprintf(beginning, sizeof beginning, "zmalloc: %p is not a live block ", attempt.ptr);
    assert_killed_by(&outcome, SIGABRT);
    assert_err_is_line_with(&outcome, beginning);
    assert_string_equal(outcome.out, "");
}

#ifndef __GLIBC__

/* Instead of a use: checks whether the bytes before the pointer exist, without touching them. */
static void look_before(void *ptr)
{
    int ends[2];

    if (pipe(ends) != 0)
        _exit(1);
    _exit(write(ends[1], (const void *)((uintptr_t)ptr - PREFIX_SIZE), PREFIX_SIZE) < 0 &&
                  errno == EFAULT
              ? STATUS_GONE
              : 0);
}

static bool leaves_no_memory(const struct attempt *attempt)
{
    struct attempt look = *attempt;
    struct outcome outcome;

    look.use = look_before;
    outcome = run_child(try_it, &look);
    return WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == STATUS_GONE;
}

#endif

static void must_die_of_all_uses(void *ptr)
{
    for (size_t i = 0; i < USES; i++)
        must_die((struct attempt){.use = uses[i].call, .ptr = ptr});
}

/* ---- An overwritten prefix ---- */

static void flip_bit(struct attempt *attempt)
{
    unsigned char *prefix = (unsigned char *)((uintptr_t)attempt->ptr - PREFIX_SIZE);

    prefix[attempt->bit / 8] ^= (unsigned char)(1U << attempt->bit % 8);
}

static void flip_each_bit(void (*use)(void *ptr), void *block)
{
    for (unsigned bit = 0; bit < PREFIX_SIZE * 8; bit++)
        must_die((struct attempt){.use = use, .ptr = block, .prepare = flip_bit, .bit = bit});
}

static void each_bit_of_the_prefix_counts(void **state)
{
    void *block = zmalloc(SIZE);

    (void)state;
    flip_each_bit(use_free, block);
    flip_each_bit(use_realloc, block);
    flip_each_bit(use_size, block);
    zfree(block);
}

static void each_bit_counts_before_an_aligned_block(void **state)
{
    void *block = zmalloc_aligned(256, SIZE);

    (void)state;
    flip_each_bit(use_free, block);
    zfree(block);
}

static void overwrite_prefix(struct attempt *attempt)
{
    memset((void *)((uintptr_t)attempt->ptr - PREFIX_SIZE), (int)attempt->bit, PREFIX_SIZE);
}

static void a_prefix_of_one_byte_value_is_none(void **state)
{
    void *block = zmalloc(SIZE);
    const unsigned values[] = {0x00, 0x41, 0xff};

    (void)state;
    for (size_t i = 0; i < USES; i++)
        for (size_t at = 0; at < sizeof values / sizeof *values; at++)
            must_die((struct attempt){
                .use = uses[i].call, .ptr = block, .prepare = overwrite_prefix, .bit = values[at]});
    zfree(block);
}

static void take_prefix_of_other_block(struct attempt *attempt)
{
    void *other = zmalloc(SIZE);

    memcpy((void *)((uintptr_t)attempt->ptr - PREFIX_SIZE),
           (const void *)((uintptr_t)other - PREFIX_SIZE), PREFIX_SIZE);
}

/* It is valid for its own address only. */
static void the_prefix_of_another_block_is_none(void **state)
{
    void *block = zmalloc(SIZE);

    (void)state;
    for (size_t i = 0; i < USES; i++)
        must_die((struct attempt){
            .use = uses[i].call, .ptr = block, .prepare = take_prefix_of_other_block});
    zfree(block);
}

/* ---- Pointers that are no blocks ---- */

static void pointers_into_the_null_page(void **state)
{
    const uintptr_t addresses[] = {1, 8, 15, 16, 17, 64, 4080, 4095};

    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        must_die_of_all_uses((void *)addresses[i]);
}

static void pointers_into_a_block(void **state)
{
    char *block = zmalloc(SIZE);
    const size_t offsets[] = {1, 2, 4, 8, 15, 16, 17, 48, SIZE - 1, SIZE};

    (void)state;
    stamp(block, SIZE, 1);
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
        must_die_of_all_uses(block + offsets[i]);
    zfree(block);
}

static void pointers_before_a_block(void **state)
{
    char *block = zmalloc_aligned(256, SIZE);

    (void)state;
    for (size_t offset = 1; offset <= 64; offset *= 4)
        must_die_of_all_uses((void *)((uintptr_t)block - offset));
    zfree(block);
}

/* The higher of two, so there is memory before it whoever's malloc it is. */
static void higher_pointer_from_malloc(size_t size)
{
    void *one = malloc(size);
    void *other = malloc(size);

    must_die_of_all_uses((uintptr_t)one > (uintptr_t)other ? one : other);
    free(one);
    free(other);
}

static void pointers_from_malloc(void **state)
{
    (void)state;
    higher_pointer_from_malloc(1);
    higher_pointer_from_malloc(SIZE);
    higher_pointer_from_malloc(1 << 20);
}

static long global[16] = {1};
static const long constant[16] = {2};

static void pointers_to_variables(void **state)
{
    long local[16] = {3};

    (void)state;
    must_die_of_all_uses(&local[8]);
    must_die_of_all_uses(&global[8]);
    must_die_of_all_uses((void *)(uintptr_t)&constant[8]);
    must_die_of_all_uses((void *)(uintptr_t) & "a text of more than sixteen letters"[24]);
}

static void a_pointer_to_code(void **state)
{
    (void)state;
    must_die_of_all_uses((void *)((uintptr_t)&pointers_to_variables));
}

/* ---- Blocks that were freed ---- */

/* The C library keeps the memory of small ones, and returns that of large ones to the system. A
 * sanitizer's malloc may do otherwise. */
#define SMALL 10000
#define LARGE (UNDER_SANITIZER ? SMALL : 40000000)

static void free_it(struct attempt *attempt)
{
    zfree(attempt->ptr);
}

static void free_all_around(struct attempt *attempt)
{
    void *others[20];

    for (size_t i = 0; i < 20; i++)
        others[i] = zmalloc(SIZE);
    zfree(attempt->ptr);
    for (size_t i = 0; i < 20; i++)
        zfree(others[i]);
}

/* Until the block is somewhere else. */
static void move_it(struct attempt *attempt)
{
    size_t size = zmalloc_usable_size(attempt->ptr);
    void *moved = attempt->ptr;

    while (moved == attempt->ptr) {
        ignored = zmalloc_size(zmalloc(SIZE));
        size += size / 2 + 16;
        moved = zrealloc(moved, size);
    }
}

/*
 * The addresses of blocks that glibc gives back are remembered. Another C library puts blocks
 * elsewhere; there the memory itself may be gone, and the process faults.
 */
static void must_die_after(struct attempt attempt)
{
#ifndef __GLIBC__
    struct outcome outcome = run_child(try_it, &attempt);

    if (WIFSIGNALED(outcome.status) && WTERMSIG(outcome.status) == SIGSEGV) {
        assert_true(leaves_no_memory(&attempt));
        return;
    }
#endif
    must_die(attempt);
}

static void use_after(void (*prepare)(struct attempt *attempt), size_t alignment, size_t largest)
{
    for (size_t size = 1; size <= largest; size = size * 6 + 3) {
        void *block = zmalloc_aligned(alignment, size);

        for (size_t i = 0; i < USES; i++)
            must_die_after((struct attempt){.use = uses[i].call, .ptr = block, .prepare = prepare});
        zfree(block);
    }
}

static void a_block_freed_before(void **state)
{
    (void)state;
    use_after(free_it, 16, LARGE);
    use_after(free_it, 256, SMALL);
    use_after(free_all_around, 16, SMALL);
}

static void a_block_that_was_moved_away(void **state)
{
    (void)state;
    use_after(move_it, 16, LARGE);
    use_after(move_it, 256, SMALL);
}

/* ---- Dying does not allocate ---- */

#if defined(__GLIBC__) && !UNDER_SANITIZER

extern void *__libc_malloc(size_t size);

static size_t mallocs;

void *malloc(size_t size)
{
    mallocs++;
    return __libc_malloc(size);
}

static void look_at_mallocs(int number)
{
    if (mallocs > 0)
        _exit(STATUS_ALLOCATION);
    signal(number, SIG_DFL);
}

static void watch_malloc(struct attempt *attempt)
{
    zfree(attempt->ptr);
    signal(SIGABRT, look_at_mallocs);
    mallocs = 0;
}

static void dying_needs_no_memory(void **state)
{
    struct attempt attempt = {.use = use_free, .ptr = zmalloc(SIZE), .prepare = watch_malloc};
    struct outcome outcome = run_child(try_it, &attempt);

    (void)state;
    assert_true(mallocs > 0);
    assert_killed_by(&outcome, SIGABRT);
    zfree(attempt.ptr);
}

#else

static void dying_needs_no_memory(void **state)
{
    (void)state;
    print_message("skipped: malloc cannot be counted here\n");
    skip();
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(each_bit_of_the_prefix_counts),
        zm_test(each_bit_counts_before_an_aligned_block),
        zm_test(a_prefix_of_one_byte_value_is_none),
        zm_test(the_prefix_of_another_block_is_none),
        zm_test(pointers_into_the_null_page),
        zm_test(pointers_into_a_block),
        zm_test(pointers_before_a_block),
        zm_test(pointers_from_malloc),
        zm_test(pointers_to_variables),
        zm_test(a_pointer_to_code),
        zm_test(a_block_freed_before),
        zm_test(a_block_that_was_moved_away),
        zm_test(dying_needs_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
