/* SPDX-License-Identifier: BSD-3-Clause */

/* No memory: what each function returns and sets, and what a handler may do. */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"

#define HANDLER_STATUS 3

/* For these the allocator is not asked. */
static const size_t too_large[] = {
    SIZE_MAX / 2,  SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 2, SIZE_MAX - 4096, SIZE_MAX - 16,
    SIZE_MAX - 15, SIZE_MAX - 7,     SIZE_MAX - 1,     SIZE_MAX,
};
/* These it is, and cannot. */
static const size_t refused[] = {SIZE_MAX / 2 - 1, SIZE_MAX / 2 - 17, SIZE_MAX / 4,
                                 BEYOND_ADDRESS_SPACE, BEYOND_ADDRESS_SPACE * 2};

/* ---- What the caller sees ---- */

static void check_failure(const struct allocating_function *function, size_t size)
{
    size_t used = zmalloc_used_memory();
    size_t usable = 1;

    remember_handler_calls();
    errno = 0;
    assert_null(function->call(NULL, size, &usable));
    if (errno != ENOMEM)
        fail_msg("%s(%zu) set errno %d", function->name, size, errno);
    assert_int_equal(usable, function->tells_usable ? 0 : 1);
    if (handler_record.calls != (function->calls_handler ? 1 : 0))
        fail_msg("%s(%zu) called the handler %zu times", function->name, size,
                 handler_record.calls);
    assert_int_equal(handler_record.size, function->calls_handler ? size : 0);
    assert_int_equal(zmalloc_used_memory(), used);
}

static void every_function_fails_alike(void **state)
{
    (void)state;
    for (size_t i = 0; i < allocating_function_count; i++) {
        for (size_t at = 0; at < sizeof too_large / sizeof *too_large; at++)
            check_failure(&allocating_functions[i], too_large[at]);
        for (size_t at = 0; at < sizeof refused / sizeof *refused; at++)
            check_failure(&allocating_functions[i], refused[at]);
    }
}

/* Where the caller does not want to know the usable size. */
static void usable_may_be_null(void **state)
{
    (void)state;
    remember_handler_calls();
    for (size_t i = 0; i < allocating_function_count; i++) {
        assert_null(allocating_functions[i].call(NULL, too_large[0], NULL));
        assert_null(allocating_functions[i].call(NULL, refused[0], NULL));
    }
}

/* Volatile: gcc warns of sizes that it sees to be too large. */
static void check_product(volatile size_t num, volatile size_t size)
{
    remember_handler_calls();
    errno = 0;
    assert_null(zcalloc_num(num, size));
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(handler_record.calls, 1);
    assert_int_equal(handler_record.size, SIZE_MAX);
    errno = 0;
    assert_null(ztrycalloc_num(num, size));
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(handler_record.calls, 1);
}

static void a_product_that_overflows(void **state)
{
    (void)state;
    check_product(ROOT_OF_SIZES, ROOT_OF_SIZES);
    check_product(SIZE_MAX, 2);
    check_product(2, SIZE_MAX);
    check_product(SIZE_MAX / 2 + 1, 2);
    check_product(SIZE_MAX, SIZE_MAX);
}

/* ---- What a handler may do ---- */

static void exit_with_status(size_t size)
{
    (void)size;
    exit(HANDLER_STATUS);
}

static void fail_in_child(void *function)
{
    const struct allocating_function *failing = function;

    zmalloc_set_oom_handler(exit_with_status);
    failing->call(NULL, too_large[0], NULL);
}

static void a_handler_may_exit(void **state)
{
    (void)state;
    for (size_t i = 0; i < allocating_function_count; i++) {
        struct allocating_function function = allocating_functions[i];
        struct outcome outcome = run_child(fail_in_child, &function);

        assert_exited_with(&outcome, function.calls_handler ? HANDLER_STATUS : 0);
        assert_err_is(&outcome, "");
    }
}

static jmp_buf back;

static void jump_back(size_t size)
{
    (void)size;
    longjmp(back, 1);
}

/* Whether the call was left by longjmp. */
static bool is_jumped_out_of(const struct allocating_function *function, size_t size)
{
    if (setjmp(back) != 0)
        return true;
    if (function->call(NULL, size, NULL) != NULL)
        fail_msg("%s(%zu) did not fail", function->name, size);
    return false;
}

static void a_handler_may_jump(void **state)
{
    (void)state;
    zmalloc_set_oom_handler(jump_back);
    for (size_t i = 0; i < allocating_function_count; i++) {
        const struct allocating_function *function = &allocating_functions[i];
        void *block;

        assert_int_equal(is_jumped_out_of(function, too_large[0]), function->calls_handler);
        assert_int_equal(is_jumped_out_of(function, refused[0]), function->calls_handler);
        block = function->call(NULL, 100, NULL);
        assert_non_null(block);
        zfree(block);
    }
}

static void *from_handler;
static size_t depth;

/* Allocates, frees, runs out of memory again, and asks for all that takes a lock. */
static void use_zmalloc(size_t size)
{
    depth++;
    if (depth == 1) {
        zfree(from_handler);
        from_handler = zrealloc(zmalloc(100), 100000);
        if (zmalloc(size) != NULL || zmalloc_used_memory() < 100000 || zmalloc_peak_memory() == 0)
            abort();
        errno = 0;
    }
    depth--;
}

static void a_handler_may_call_zmalloc(void **state)
{
    (void)state;
    from_handler = zmalloc(10);
    zmalloc_set_oom_handler(use_zmalloc);
    for (size_t i = 0; i < allocating_function_count; i++) {
        size_t usable = 1;

        errno = 0;
        assert_null(allocating_functions[i].call(NULL, too_large[0], &usable));
        assert_int_equal(errno, ENOMEM);
        assert_int_equal(usable, allocating_functions[i].tells_usable ? 0 : 1);
    }
    assert_true(zmalloc_usable_size(from_handler) >= 100000);
    zfree(from_handler);
}

static void set_another(size_t size)
{
    (void)size;
    remember_handler_calls();
}

static void a_handler_may_set_another(void **state)
{
    volatile size_t size = SIZE_MAX;
    void *block;

    (void)state;
    zmalloc_set_oom_handler(set_another);
    block = zmalloc(size);
    assert_null(block);
    assert_int_equal(handler_record.calls, 0);
    block = zmalloc(size);
    assert_null(block);
    assert_int_equal(handler_record.calls, 1);
}

/* ---- The handler that comes with the library ---- */

struct default_case {
    const struct allocating_function *function;
    size_t size;
};

static void fail_by_default(void *argument)
{
    const struct default_case *failing = argument;

    zmalloc_set_oom_handler(NULL);
    failing->function->call(NULL, failing->size, NULL);
}

static void check_default(const struct allocating_function *function, size_t size)
{
    struct default_case failing = {function, size};
    struct outcome outcome = run_child(fail_by_default, &failing);
    char line[100];

    snprintf(line, sizeof line, "zmalloc: Out of memory trying to allocate %zu bytes\n", size);
    if (function->calls_handler) {
        assert_killed_by(&outcome, SIGABRT);
        assert_err_is(&outcome, line);
    } else {
        assert_exited_with(&outcome, 0);
        assert_err_is(&outcome, "");
    }
}

static void the_default_says_what_was_asked_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < allocating_function_count; i++)
        check_default(&allocating_functions[i], SIZE_MAX / 2 + i);
    check_default(&allocating_functions[0], SIZE_MAX);
}

/* In a program that has never set a handler. */
static void overflow_by_default(void *argument)
{
    volatile size_t many = ROOT_OF_SIZES;

    (void)argument;
    if (zcalloc_num(many, many) == NULL)
        _exit(1);
}

static void the_default_stands_from_the_start(void **state)
{
    struct outcome outcome = run_child(overflow_by_default, NULL);
    char line[80];

    (void)state;
    snprintf(line, sizeof line, "zmalloc: Out of memory trying to allocate %zu bytes\n", SIZE_MAX);
    assert_killed_by(&outcome, SIGABRT);
    assert_err_is(&outcome, line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(the_default_stands_from_the_start),
        zm_test(every_function_fails_alike),
        zm_test(usable_may_be_null),
        zm_test(a_product_that_overflows),
        zm_test(a_handler_may_exit),
        zm_test(a_handler_may_jump),
        zm_test(a_handler_may_call_zmalloc),
        zm_test(a_handler_may_set_another),
        zm_test(the_default_says_what_was_asked_for),
    };

    no_room_on_32_bits();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
