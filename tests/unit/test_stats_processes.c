/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * ZMALLOC_STATS and signals, with several processes and threads: each process reports its end once,
 * and reports never mix. And what goes wrong.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "records.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define REPORTS_SIZE ((size_t)16 << 20)

/* ---- Several processes, several threads ---- */

static long pid_in(const char *record)
{
    const char *at = strstr(record, "\"pid\":");

    assert_non_null(at);
    return strtol(at + strlen("\"pid\":"), NULL, 10);
}

static void each_process_reports_its_own_end(void **state)
{
    static const char *const names[] = {"fork", "vfork"};

    (void)state;
    for (size_t i = 0; i < LENGTH(names); i++) {
        struct outcome outcome = run_signal_part(names[i], "json");
        char *second;

        if (UNDER_THREAD_SANITIZER && i == 1)
            break; /* it makes a fork of it, and holds signals back */
        assert_exited_with(&outcome, 0);
        assert_int_equal(records_in(outcome.err), 2);
        second = strchr(outcome.err, '\n') + 1;
        assert_int_not_equal(pid_in(outcome.err), pid_in(second));
    }
}

static void exec_leaves_no_handler(void **state)
{
    struct outcome outcome = run_signal_part("exec", "json");

    (void)state;
    assert_killed_by(&outcome, SIGTERM);
    assert_err_is(&outcome, "");
}

/* Which signal comes first is a matter of luck. */
static void the_end_is_reported_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < scaled(20); i++) {
        struct outcome outcome = run_signal_part("end twice", "json");

        assert_true(WIFSIGNALED(outcome.status));
        assert_int_equal(records_in(outcome.err), 1);
        outcome = run_signal_part("exit and end", "json");
        assert_false(outcome.timed_out);
        assert_int_equal(records_in(outcome.err), 1);
    }
}

static const char *contents_of(const char *path)
{
    static char text[REPORTS_SIZE];
    FILE *file = fopen(path, "re");
    size_t length;

    assert_non_null(file);
    length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    assert_int_equal(fclose(file), 0);
    return text;
}

static void threads_at_work_report(void **state)
{
    char path[] = "/tmp/zmalloc-test-XXXXXX";
    int fd;
    char stats[100];
    struct outcome outcome;

    (void)state;
    skip_under_emulator_of_i386("of i386 often ends by an assertion of its own over signals");
    fd = mkstemp(path);
    assert_true(fd >= 0 && close(fd) == 0);
    snprintf(stats, sizeof stats, "signal:USR1,json:%s", path);
    outcome = run_signal_part("at work", stats);
    assert_exited_with(&outcome, 0);
    assert_err_is(&outcome, "");
    /* One for each round, and one at exit. */
    assert_true(records_in(contents_of(path)) > strtoul(outcome.out, NULL, 10));
    assert_int_equal(unlink(path), 0);
}

static void as_many_zones_as_there_can_be_are_reported(void **state)
{
    static const char *const forms[] = {"json", "text", "prometheus"};
    static const char *const of_each[] = {",\"parent\":", "\nzone ", "\nzmalloc_zone_peak_bytes{"};

    (void)state;
    for (size_t i = 0; i < LENGTH(forms); i++) {
        char path[] = "/tmp/zmalloc-test-XXXXXX";
        int fd = mkstemp(path);
        char stats[100];
        struct outcome outcome;

        assert_true(fd >= 0 && close(fd) == 0);
        snprintf(stats, sizeof stats, "%s:%s", forms[i], path);
        outcome = run_signal_part("many zones", stats);
        assert_killed_by(&outcome, SIGTERM);
        assert_err_is(&outcome, "");
        assert_int_equal(count_in(contents_of(path), of_each[i]), 255);
        assert_int_equal(unlink(path), 0);
    }
}

/* ---- What goes wrong ---- */

static void a_file_that_cannot_be_written_is_told(void **state)
{
    struct outcome outcome = run_signal_part("term", "json:/nowhere/x");

    (void)state;
    assert_killed_by(&outcome, SIGTERM);
    assert_err_is(&outcome, "zmalloc: ZMALLOC_STATS: cannot open \"/nowhere/x\": No such file or "
                            "directory\n");
}

static void a_handler_chooses_no_backend(void **state)
{
    const char *const arguments[] = {path_beside("signal-program"), "before the choice", NULL};
    static const char *const environment[] = {"ZMALLOC_STATS=signal:USR1,json", "ZMALLOC_BACKEND",
                                              NULL};
    static const char line[] =
        "zmalloc: ZMALLOC_STATS: no report: no backend has been chosen yet\n";
    struct outcome outcome = run_program(arguments, environment);

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_int_equal(strncmp(outcome.err, line, strlen(line)), 0);
    assert_int_equal(records_in(outcome.err + strlen(line)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(each_process_reports_its_own_end),
        zm_test(exec_leaves_no_handler),
        zm_test(the_end_is_reported_once),
        zm_test(threads_at_work_report),
        zm_test(as_many_zones_as_there_can_be_are_reported),
        zm_test(a_file_that_cannot_be_written_is_told),
        zm_test(a_handler_chooses_no_backend),
    };

    zfree(zmalloc(1));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
