/* SPDX-License-Identifier: BSD-3-Clause */

/* No memory: what each function returns and sets, and what a handler may do. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api.h"

#define HANDLER_STATUS 3

/* The core refuses these itself. */
static const size_t too_large[] = {
    SIZE_MAX / 2,  SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 2, SIZE_MAX - 4096, SIZE_MAX - 16,
    SIZE_MAX - 15, SIZE_MAX - 7,     SIZE_MAX - 1,     SIZE_MAX,
};
/* The allocator refuses these. */
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

/* If the caller does not want to know the usable size. */
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

/* Allocates, frees, runs out of memory again, and calls everything that takes a lock. */
static void use_zmalloc(size_t size)
{
    zfree(from_handler);
    from_handler = zrealloc(zmalloc(100), 100000);
    if (ztrymalloc(size) != NULL || zmalloc_used_memory() < 100000 || zmalloc_peak_memory() == 0)
        abort();
    errno = 0;
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

/* ---- Handlers that run out of memory ---- */

static const struct allocating_function *failing_again;

static void fail_again(size_t size)
{
    if (write(STDOUT_FILENO, "handler\n", 8) == 8)
        failing_again->call(NULL, size - 1, NULL);
}

/* The process must end as if the handler itself had the default handler. */
static void set_handler_that_fails(void *function)
{
    failing_again = function;
    zmalloc_set_oom_handler(fail_again);
    failing_again->call(NULL, SIZE_MAX, NULL);
}

/* Without an unwinder, a few more calls are possible. */
static void a_handler_that_runs_out_ends_the_process(void **state)
{
    (void)state;
    for (size_t i = 0; i < allocating_function_count; i++) {
        struct allocating_function function = allocating_functions[i];
        struct outcome outcome;

        if (!function.calls_handler)
            continue;
        outcome = run_child(set_handler_that_fails, &function);
        assert_killed_by(&outcome, SIGABRT);
        assert_err_is_line_with(&outcome, "zmalloc: Out of memory trying to allocate ");
#ifdef __GLIBC__
        assert_err_is(&outcome, line_of_default_handler(&function, SIZE_MAX - 1));
        assert_string_equal(outcome.out, "handler\n");
#endif
    }
}

#define STEPS 100
#define STEP_SIZE 200

/* Calls it from that many frames of that size, most of which are never written. */
static __attribute__((noinline)) void *call_from_deeper(const struct allocating_function *function,
                                                        size_t frames, size_t frame_size)
{
    volatile char *frame = __builtin_alloca(frame_size);
    void *ptr;

    frame[0] = 1;
    ptr = frames > 0 ? call_from_deeper(function, frames - 1, frame_size)
                     : function->call(NULL, SIZE_MAX, NULL);
    frame[frame_size - 1] = 1;
    return ptr;
}

static volatile size_t jumps;

static void jump_and_count(size_t size)
{
    jumps++;
    jump_back(size);
}

static void jump_out_of(size_t frames, size_t frame_size)
{
    if (setjmp(back) == 0)
        call_from_deeper(&allocating_functions[0], frames, frame_size);
}

/* Each call comes from deeper in the stack than the one that was left, and may find its remains
 * there. */
static void a_handler_that_jumped_counts_no_level(void **state)
{
    (void)state;
#ifndef __GLIBC__
    print_message("skipped: there is no unwinder for this C library\n");
    skip();
#endif
    jumps = 0;
    zmalloc_set_oom_handler(jump_and_count);
    for (size_t i = 0; i < STEPS; i++)
        jump_out_of(i, STEP_SIZE);
    for (size_t i = 0; i < STEPS; i++)
        jump_out_of(0, STEP_SIZE * (i + 1));
    jump_out_of(0, STEP_SIZE);
    assert_int_equal(jumps, 2 * STEPS + 1);
}

static void jump_then_fail_in_handler(void *ignored)
{
    struct allocating_function function = allocating_functions[0];

    (void)ignored;
    zmalloc_set_oom_handler(jump_and_count);
    jump_out_of(3, STEP_SIZE);
    jump_out_of(1, STEP_SIZE);
    set_handler_that_fails(&function);
}

static void a_level_counts_after_a_jump(void **state)
{
    struct outcome outcome = run_child(jump_then_fail_in_handler, NULL);

    (void)state;
    assert_killed_by(&outcome, SIGABRT);
    assert_err_is_line_with(&outcome, "zmalloc: Out of memory trying to allocate ");
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
    const char *line = line_of_default_handler(function, size);

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

static void align_without_bounds(void *argument)
{
    volatile size_t alignment = SIZE_MAX / 2 + 1;

    (void)argument;
    if (zmalloc_aligned(alignment, 0) == NULL)
        _exit(1);
}

static void the_default_says_which_alignment(void **state)
{
    struct outcome outcome;
    char line[120];

    (void)state;
    zmalloc_set_oom_handler(NULL);
    outcome = run_child(align_without_bounds, NULL);
    snprintf(line, sizeof line,
             "zmalloc: Out of memory trying to allocate 0 bytes aligned to %zu\n",
             SIZE_MAX / 2 + 1);
    assert_killed_by(&outcome, SIGABRT);
    assert_err_is(&outcome, line);
}

/* The output has no reader. */
static void fail_with_broken_stderr(void *argument)
{
    int ends[2];

    child_check(pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    close(ends[0]);
    fail_by_default(argument);
}

static void a_broken_stderr_does_not_end_it_otherwise(void **state)
{
    struct default_case failing = {&allocating_functions[0], SIZE_MAX};
    struct outcome outcome = run_child(fail_with_broken_stderr, &failing);

    (void)state;
    assert_killed_by(&outcome, SIGABRT);
}

/* ---- Where the line goes ---- */

/* A file with the number of stderr. */
struct other_file {
    int flags;
    const char *contents; /* its contents afterwards; NULL: what it had, and the line */
};

static char other_file[] = "/tmp/zmalloc-test-XXXXXX";

static void fail_with_other_file(void *argument)
{
    const struct other_file *other = argument;
    struct default_case failing = {&allocating_functions[0], SIZE_MAX};

    close(STDERR_FILENO);
    if (open(other_file, other->flags) != STDERR_FILENO || write(STDERR_FILENO, "PAGE\n", 5) != 5)
        _exit(1);
    fail_by_default(&failing);
}

static void check_other_file(const struct other_file *other)
{
    struct other_file wanted = *other;
    char contents[200] = "";
    struct outcome outcome;
    int fd = open(other_file, O_RDONLY);

    assert_int_equal(truncate(other_file, 0), 0);
    outcome = run_child(fail_with_other_file, &wanted);
    assert_killed_by(&outcome, SIGABRT);
    assert_true(read(fd, contents, sizeof contents - 1) >= 5);
    close(fd);
    if (other->contents != NULL)
        assert_string_equal(contents, other->contents);
    else
        assert_string_equal(contents + 5,
                            line_of_default_handler(&allocating_functions[0], SIZE_MAX));
}

static void it_goes_to_a_log_but_not_into_data(void **state)
{
    int fd;

    (void)state;
    skip_under_emulator("writes a line of its own");
    fd = mkstemp(other_file);
    assert_true(fd >= 0);
    close(fd);
    check_other_file(&(struct other_file){O_RDWR, "PAGE\n"});
    check_other_file(&(struct other_file){O_WRONLY | O_APPEND, NULL});
    check_other_file(&(struct other_file){O_RDWR | O_APPEND, NULL});
    check_other_file(&(struct other_file){O_WRONLY, NULL});
    unlink(other_file);
}

/* One end is what a client of a server may have. */
static void fail_with_socket(void *argument)
{
    int *ends = argument;

    dup2(ends[0], STDERR_FILENO);
    fail_by_default(&(struct default_case){&allocating_functions[0], SIZE_MAX});
}

static void it_goes_to_no_socket(void **state)
{
    char text[200];
    struct outcome outcome;
    int ends[2];

    (void)state;
    skip_under_emulator("writes a line of its own");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    outcome = run_child(fail_with_socket, ends);
    assert_killed_by(&outcome, SIGABRT);
    close(ends[0]);
    assert_int_equal(read(ends[1], text, sizeof text), 0);
    close(ends[1]);
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
        zm_test(a_handler_that_runs_out_ends_the_process),
        zm_test(a_handler_that_jumped_counts_no_level),
        zm_test(a_level_counts_after_a_jump),
        zm_test(the_default_says_what_was_asked_for),
        zm_test(the_default_says_which_alignment),
        zm_test(a_broken_stderr_does_not_end_it_otherwise),
        zm_test(it_goes_to_a_log_but_not_into_data),
        zm_test(it_goes_to_no_socket),
    };

    no_room_on_32_bits();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
