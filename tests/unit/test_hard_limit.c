/* SPDX-License-Identifier: BSD-3-Clause */

/* The hard limit: what fails and what does not, near it and beyond it, alone and with many threads. */

#include "api.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KIB ((size_t)1 << 10)
#define MIB (KIB << 10)
#define LIMIT (16 * MIB)
#define GRANT (64 * KIB)

/* ---- One thread ---- */

/* Its request does not fit, though memory is there. */
static void refuse_one(const struct allocating_function *function)
{
    void *block = function->takes_block ? zmalloc(1000) : NULL;
    size_t used = zmalloc_used_memory();
    size_t usable = 1;

    if (block != NULL)
        stamp_whole(block, 3);
    remember_handler_calls();
    errno = 0;
    EXPECT(function->call(block, 2 * LIMIT, &usable) == NULL);
    EXPECT(errno == ENOMEM);
    EXPECT(usable == (function->tells_usable ? 0 : 1));
    EXPECT(handler_record.calls == (function->calls_handler ? 1 : 0));
    EXPECT(!function->calls_handler || handler_record.size == 2 * LIMIT);
    EXPECT(zmalloc_used_memory() == used);
    EXPECT(block == NULL || whole_has_stamp(block, 3));
    zfree(block);
}

static void refuse_all(void *argument)
{
    (void)argument;
    zfree(zmalloc(1));
    EXPECT(zmalloc_set_limit(LIMIT) == 0);
    for (int round = 0; round < 10; round++)
        for (size_t i = 0; i < allocating_function_count; i++)
            refuse_one(&allocating_functions[i]);
    EXPECT(zmalloc_used_memory() == 0);
}

static void in_child(void (*body)(void *argument))
{
    struct outcome outcome = run_child(body, NULL);

    assert_exited_with(&outcome, 0);
}

static void no_function_exceeds_it(void **state)
{
    (void)state;
    in_child(refuse_all);
}

struct chain {
    struct chain *next;
};

/* Takes blocks until one is refused; returns the last. */
static struct chain *fill(size_t size)
{
    struct chain *first = NULL;
    struct chain *block;

    while ((block = ztrymalloc(size)) != NULL) {
        block->next = first;
        first = block;
    }
    EXPECT(errno == ENOMEM);
    return first;
}

static void give_back(struct chain *first)
{
    while (first != NULL) {
        struct chain *next = first->next;

        zfree(first);
        first = next;
    }
}

static void fill_with(size_t size)
{
    size_t begin = zmalloc_used_memory();
    struct chain *first = fill(size);
    size_t used = zmalloc_used_memory();
    size_t counted = zmalloc_size(first);

    EXPECT(used <= LIMIT + GRANT);
    /* Nothing that fits is refused. */
    EXPECT(used + counted > LIMIT);
    /* Freeing makes room at once. */
    while (used > LIMIT - counted) {
        struct chain *next = first->next;

        zfree(first);
        first = next;
        used = zmalloc_used_memory();
    }
    EXPECT((first = zrealloc(first, size)) != NULL);
    zfree(zmalloc(size));
    give_back(first);
    EXPECT(zmalloc_used_memory() == begin);
}

static void fill_with_all_sizes(void *argument)
{
    static const size_t sizes[] = {16, 100, 1000, 10000, 60000, 70000, 200000, 1500000, 5000000};

    (void)argument;
    zfree(zmalloc(1));
    EXPECT(zmalloc_set_limit(LIMIT) == 0);
    EXPECT(zmalloc_get_limit() == LIMIT);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        fill_with(sizes[i]);
}

static void it_is_kept_to_a_few_kilobytes(void **state)
{
    (void)state;
    in_child(fill_with_all_sizes);
}

static void set_below(void *argument)
{
    void *block = zmalloc(8 * MIB);

    (void)argument;
    EXPECT(zmalloc_set_limit(4 * MIB) == 0);
    EXPECT(ztrymalloc(100000) == NULL);
    EXPECT((block = ztryrealloc(block, 1000)) != NULL);
    zfree(zmalloc(100000));
    EXPECT(zmalloc_set_limit(SIZE_MAX) == 0);
    zfree(zmalloc(8 * MIB));
    zfree(block);
}

static void it_may_be_below_what_is_in_use(void **state)
{
    (void)state;
    in_child(set_below);
}

static void what_is_no_limit_is_refused(void **state)
{
    const size_t wrong[] = {0, SIZE_MAX / 2, SIZE_MAX - 1};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        errno = 0;
        assert_int_equal(zmalloc_set_limit(wrong[i]), -1);
        assert_int_equal(errno, EINVAL);
        errno = 0;
        assert_int_equal(zmalloc_set_soft_limit(wrong[i]), -1);
        assert_int_equal(errno, EINVAL);
    }
    assert_true(zmalloc_get_limit() == SIZE_MAX && zmalloc_get_soft_limit() == SIZE_MAX);
}

/* ---- Bytes from elsewhere, and the resident set ---- */

static void count_external(void *argument)
{
    (void)argument;
    zfree(zmalloc(1));
    EXPECT(zmalloc_set_limit(LIMIT) == 0);
    EXPECT(zmalloc_external((ptrdiff_t)(LIMIT - MIB)) == LIMIT - MIB);
    EXPECT(ztrymalloc(2 * MIB) == NULL);
    EXPECT(zmalloc_external(-(ptrdiff_t)(4 * MIB)) == LIMIT - 5 * MIB);
    zfree(zmalloc(2 * MIB));
    errno = 0;
    EXPECT(zmalloc_external(-(ptrdiff_t)LIMIT) == LIMIT - 5 * MIB && errno == EINVAL);
    EXPECT(zmalloc_external(0) == LIMIT - 5 * MIB);
    EXPECT(zmalloc_used_memory() == 0);
}

static void bytes_from_elsewhere_count(void **state)
{
    (void)state;
    in_child(count_external);
}

static void compare_rss(void *argument)
{
    size_t rss = zmalloc_get_rss();
    struct chain *first = NULL;
    struct chain *block;

    (void)argument;
    zfree(zmalloc(1));
    zmalloc_limit_rss(1);
    EXPECT(zmalloc_set_limit(rss + 32 * MIB) == 0);
    while ((block = ztrymalloc(50000)) != NULL) {
        fill_whole(block, 1);
        block->next = first;
        first = block;
        EXPECT(zmalloc_used_memory() < 256 * MIB);
    }
    EXPECT(zmalloc_get_rss() > rss + 16 * MIB);
    EXPECT(zmalloc_get_rss() <= rss + 34 * MIB);
    give_back(first);
    zmalloc_limit_rss(0);
}

static void it_may_be_one_of_the_resident_set(void **state)
{
    (void)state;
    if (UNDER_SANITIZER || under_valgrind())
        skip(); /* theirs is larger than ours */
    skip_under_emulator("has no resident set of the program");
    in_child(compare_rss);
}

/* Until nothing more is given. What is freed stays resident with some allocators. */
static struct chain *use_up(size_t size)
{
    struct chain *first = NULL;
    struct chain *block;

    while ((block = ztrymalloc(size)) != NULL) {
        fill_whole(block, 1);
        block->next = first;
        first = block;
        EXPECT(zmalloc_used_memory() < 256 * MIB);
    }
    return first;
}

static void use_up_twice(void *argument)
{
    struct chain *first;

    (void)argument;
    zfree(zmalloc(1));
    zmalloc_limit_rss(1);
    EXPECT(zmalloc_set_limit(zmalloc_get_rss() + 32 * MIB) == 0);
    for (int round = 0; round < 3; round++) {
        first = use_up(500);
        give_back(first);
        first = use_up(50000 + 30000 * (size_t)round);
        EXPECT(zmalloc_used_memory() > 12 * MIB);
        give_back(first);
    }
}

static void what_was_freed_can_be_had_again(void **state)
{
    (void)state;
    if (UNDER_SANITIZER || under_valgrind())
        skip(); /* theirs is larger than ours */
    skip_under_emulator("has no resident set of the program");
    if (zmalloc_purge() < 0) {
        print_message("skipped: this backend cannot purge\n");
        skip();
    }
    in_child(use_up_twice);
}

/* ---- Many threads ---- */

#define THREADS 16

static pthread_barrier_t barrier;
static struct chain *chains[THREADS];

static void *run_into_it(void *argument)
{
    size_t me = (size_t)(uintptr_t)argument;
    uint64_t random = me + 1;
    struct chain *block;

    pthread_barrier_wait(&barrier);
    while ((block = ztrymalloc(16 + (size_t)(next_random(&random) % 3000))) != NULL) {
        block->next = chains[me];
        chains[me] = block;
    }
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    give_back(chains[me]);
    return NULL;
}

static void run_into_it_together(void *argument)
{
    pthread_t threads[THREADS];
    size_t used;

    (void)argument;
    EXPECT(zmalloc_set_limit(4 * LIMIT) == 0);
    EXPECT(pthread_barrier_init(&barrier, NULL, THREADS + 1) == 0);
    for (size_t i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, run_into_it, (void *)(uintptr_t)i) == 0);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    used = zmalloc_used_memory();
    EXPECT(used <= 4 * LIMIT + THREADS * GRANT);
    EXPECT(used + 4096 > 4 * LIMIT);
    pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < THREADS; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0);
    EXPECT(zmalloc_used_memory() == 0);
}

static void many_threads_keep_it(void **state)
{
    (void)state;
    in_child(run_into_it_together);
}

static atomic_int holders;

/* Each request is most of the room, so two never fit. */
static void *take_turns(void *argument)
{
    for (size_t i = 0; i < scaled(1000); i++) {
        void *block = ztrymalloc(LIMIT / 3 * 2);

        if (block == NULL)
            continue;
        EXPECT(atomic_fetch_add(&holders, 1) == 0);
        sched_yield();
        atomic_fetch_sub(&holders, 1);
        zfree(block);
    }
    return argument;
}

static void take_large_blocks(void *argument)
{
    pthread_t threads[4];

    (void)argument;
    leave_blocks_untouched();
    EXPECT(zmalloc_set_limit(LIMIT) == 0);
    for (size_t i = 0; i < 4; i++)
        EXPECT(pthread_create(&threads[i], NULL, take_turns, NULL) == 0);
    for (size_t i = 0; i < 4; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0);
    EXPECT(zmalloc_used_memory() == 0);
}

static void two_large_requests_do_not_take_the_same_room(void **state)
{
    (void)state;
    in_child(take_large_blocks);
}

/* ---- ZMALLOC_LIMIT: this program again ---- */

static struct outcome run_with(const char *value)
{
    static char variable[200];
    const char *const arguments[] = {"/proc/self/exe", "limits", NULL};
    const char *const environment[] = {variable, NULL};

    snprintf(variable, sizeof variable, "ZMALLOC_LIMIT=%s", value);
    return run_program(arguments, environment);
}

static int print_limits(void)
{
    void *block = zmalloc(100);

    printf("%zu %zu", zmalloc_get_limit(), zmalloc_get_soft_limit());
    zfree(block);
    return 0;
}

static void the_variable_sets_them(void **state)
{
    const struct {
        const char *value;
        size_t hard;
        size_t soft;
    } cases[] = {
        {"16M", LIMIT, SIZE_MAX},
        {"16777216,soft:8192k", LIMIT, LIMIT / 2},
        {"soft:8m , 1G", 64 * LIMIT, LIMIT / 2},
        {"rss:1G", 64 * LIMIT, SIZE_MAX},
        {"", SIZE_MAX, SIZE_MAX},
    };
    struct outcome outcome;
    char expected[100];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        outcome = run_with(cases[i].value);
        assert_exited_with(&outcome, 0);
        snprintf(expected, sizeof expected, "%zu %zu", cases[i].hard, cases[i].soft);
        assert_string_equal(outcome.out, expected);
    }
    outcome = run_with("50%");
    assert_exited_with(&outcome, 0);
    assert_between(strtoull(outcome.out, NULL, 10), 1, zmalloc_get_memory_size() / 2);
}

static void a_wrong_value_ends_the_program(void **state)
{
    static const char *const wrong[] = {"abc",  "-1",    "0",       "101%",         "1500X",
                                        "5%%",  "rss:",  "soft:",   "1M,2M",        "99999999999G",
                                        "1M 2", "rss:0", "soft:0%", "soft:1,soft:2"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct outcome outcome = run_with(wrong[i]);
        char line[200];

        snprintf(line, sizeof line, "zmalloc: ZMALLOC_LIMIT=\"%s\": ", wrong[i]);
        assert_exited_with(&outcome, 78);
        assert_err_is_line_with(&outcome, line);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        zm_test(no_function_exceeds_it),
        zm_test(it_is_kept_to_a_few_kilobytes),
        zm_test(it_may_be_below_what_is_in_use),
        zm_test(what_is_no_limit_is_refused),
        zm_test(bytes_from_elsewhere_count),
        zm_test(it_may_be_one_of_the_resident_set),
        zm_test(what_was_freed_can_be_had_again),
        zm_test(many_threads_keep_it),
        zm_test(two_large_requests_do_not_take_the_same_room),
        zm_test(the_variable_sets_them),
        zm_test(a_wrong_value_ends_the_program),
    };

    if (argc == 2 && strcmp(argv[1], "limits") == 0)
        return print_limits();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
