/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * How much stack is needed by functions that read files, make reports and write lines: at most 8
 * KiB, so any thread may call them, even one with the smallest stack that the system allows.
 */

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support.h"

/* Headers older than the kernel do not have it. */
#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#ifdef JEMALLOC_LATE
#define STACK_MAX (11 * 1024) /* docs/environment.md */
#else
#define STACK_MAX 8192
#endif
/* A stack that is inspected afterwards. */
#define STACK_SIZE ((size_t)256 << 10)
#define UNTOUCHED 0x5a
#define REPORT_SIZE 16384

static char report[REPORT_SIZE];

static void make_json(void)
{
    zmalloc_stats_json(report, sizeof report);
}

static void make_text(void)
{
    zmalloc_stats_text(report, sizeof report);
}

static void make_metrics(void)
{
    zmalloc_stats_prometheus(report, sizeof report);
}

static void make_in_handler(void)
{
    zmalloc_stats_in_handler("text", report, sizeof report);
}

static void ask_for_limit(void)
{
    zmalloc_get_memory_limit();
}

static void ask_for_high(void)
{
    zmalloc_get_memory_high();
}

static void ask_for_rss(void)
{
    zmalloc_get_rss();
}

static void ask_for_dirty(void)
{
    zmalloc_get_private_dirty(-1);
}

static void ask_for_field(void)
{
    zmalloc_get_smap_bytes_by_field("Rss:", -1);
}

static void ask_for_stat(void)
{
    long long value;

    zmalloc_get_proc_stat(24, &value);
}

static void ask_for_used(void)
{
    zmalloc_used_memory();
    zmalloc_peak_memory();
    zmalloc_reset_peak();
}

static void ask_for_names(void)
{
    zmalloc_lib();
    zmalloc_backend_origin();
}

static void handle(size_t size)
{
    (void)size;
}

static void run_out_of_memory(void)
{
    volatile size_t too_much = SIZE_MAX;
    void *ptr = zmalloc(too_much);

    zfree(ptr);
}

static void run_out_of_memory_twice(size_t size)
{
    void *ptr = zmalloc(size);

    zfree(ptr);
}

static const struct row {
    const char *name;
    void (*function)(void);
} rows[] = {
    {"zmalloc_stats_json", make_json},
    {"zmalloc_stats_text", make_text},
    {"zmalloc_stats_prometheus", make_metrics},
    {"zmalloc_stats_in_handler", make_in_handler},
    {"zmalloc_get_memory_limit", ask_for_limit},
    {"zmalloc_get_memory_high", ask_for_high},
    {"zmalloc_get_rss", ask_for_rss},
    {"zmalloc_get_private_dirty", ask_for_dirty},
    {"zmalloc_get_smap_bytes_by_field", ask_for_field},
    {"zmalloc_get_proc_stat", ask_for_stat},
    {"zmalloc_used_memory", ask_for_used},
    {"zmalloc_lib", ask_for_names},
    {"a handler", run_out_of_memory},
};

/* ---- Measured ---- */

static void do_nothing(void)
{
}

static void *call(void *row)
{
    ((const struct row *)row)->function();
    return NULL;
}

/* How much was written, from the end of the stack (the highest address) on. */
static size_t touched(const unsigned char *stack)
{
    size_t untouched = 0;

    while (untouched < STACK_SIZE && stack[untouched] == UNTOUCHED)
        untouched++;
    return STACK_SIZE - untouched;
}

static size_t stack_of(const struct row *row)
{
    unsigned char *stack =
        mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct row mine = *row;
    pthread_attr_t attributes;
    pthread_t thread;
    size_t size;

    assert_true(stack != MAP_FAILED);
    memset(stack, UNTOUCHED, STACK_SIZE);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstack(&attributes, stack, STACK_SIZE), 0);
    assert_int_equal(pthread_create(&thread, &attributes, call, &mine), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    size = touched(stack);
    pthread_attr_destroy(&attributes);
    munmap(stack, STACK_SIZE);
    return size;
}

static void eight_kilobytes_are_enough(void **state)
{
    static const struct row nothing = {"nothing", do_nothing};
    size_t around;

    (void)state;
    if (UNDER_SANITIZER || UNDER_COVERAGE || under_valgrind())
        skip(); /* its functions have larger frames */
    zmalloc_set_oom_handler(handle);
    around = stack_of(&nothing);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        size_t size = stack_of(&rows[i]);

        if (size > around + STACK_MAX)
            fail_msg("%s takes %zu bytes of stack", rows[i].name, size - around);
    }
    zmalloc_set_oom_handler(NULL);
}

/* ---- In the smallest ---- */

static void call_in_thread(void *row, size_t stack_size)
{
    pthread_attr_t attributes;
    pthread_t thread;

    child_check(pthread_attr_init(&attributes) == 0);
    child_check(pthread_attr_setstacksize(&attributes, stack_size) == 0);
    child_check(pthread_create(&thread, &attributes, call, row) == 0);
    child_check(pthread_join(thread, NULL) == 0);
    printf("%s", ((const struct row *)row)->name);
}

static void call_in_small_thread(void *row)
{
    call_in_thread(row, smallest_stack());
}

static void the_smallest_stack_is_enough(void **state)
{
    (void)state;
    if (UNDER_SANITIZER || UNDER_COVERAGE || under_valgrind())
        skip();
    zmalloc_set_oom_handler(handle);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct row row = rows[i];
        struct outcome outcome = run_child(call_in_small_thread, &row);

        assert_exited_with(&outcome, 0);
        assert_string_equal(outcome.out, row.name);
    }
    zmalloc_set_oom_handler(NULL);
}

static void it_is_enough_for_the_last_line(void **state)
{
    struct row row = {"", run_out_of_memory};

    (void)state;
    if (UNDER_SANITIZER || UNDER_COVERAGE)
        skip();
    for (int with_handler = 0; with_handler < 2; with_handler++) {
        struct outcome outcome;

        zmalloc_set_oom_handler(with_handler ? run_out_of_memory_twice : NULL);
        outcome = run_child(call_in_small_thread, &row);
        assert_killed_by(&outcome, SIGABRT);
        assert_err_is_line_with(&outcome, "zmalloc: Out of memory trying to allocate ");
    }
    zmalloc_set_oom_handler(NULL);
}

static void exit_now(void)
{
    exit(5);
}

/* This program, started once more, with a report at its end. */
static struct outcome run_with_report(const char *how)
{
    const char *const arguments[] = {"/proc/self/exe", how, NULL};
    static const char *const environment[] = {"ZMALLOC_STATS=json", NULL};
    struct outcome outcome;

    if (UNDER_SANITIZER || UNDER_COVERAGE)
        skip();
    outcome = run_program(arguments, environment);
    assert_err_is_line_with(&outcome, "{\"schema\":1,");
    return outcome;
}

static void it_is_enough_for_the_report_at_exit(void **state)
{
    struct outcome outcome = run_with_report("exit");

    (void)state;
    assert_exited_with(&outcome, 5);
}

static void end_now(void)
{
    raise(SIGTERM);
}

/* What the system itself puts on the stack for a handler: the registers, 11 KiB on some machines. */
static size_t stack_of_signal(void)
{
    size_t size = getauxval(AT_MINSIGSTKSZ);

    return size > 4096 ? size : 4096;
}

static void with_that_of_a_signal_it_is_enough_for_its_report(void **state)
{
    struct outcome outcome = run_with_report("signal");

    (void)state;
    assert_killed_by(&outcome, SIGTERM);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        zm_test(eight_kilobytes_are_enough),
        zm_test(the_smallest_stack_is_enough),
        zm_test(it_is_enough_for_the_last_line),
        cmocka_unit_test(it_is_enough_for_the_report_at_exit),
        cmocka_unit_test(with_that_of_a_signal_it_is_enough_for_its_report),
    };

    zfree(zmalloc(1));
    if (argc == 2 && strcmp(argv[1], "exit") == 0)
        call_in_small_thread(&(struct row){"", exit_now});
    if (argc == 2 && strcmp(argv[1], "signal") == 0)
        call_in_thread(&(struct row){"", end_now}, smallest_stack() + stack_of_signal());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
