/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * ZMALLOC_STATS and signals: a report whenever the one that is named comes, and at the end by one that
 * nobody handles, which is the same end as without.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* ---- Whenever it comes ---- */

static void a_signal_brings_a_report(void **state)
{
    static const char *const names[] = {"USR1", "SIGUSR1"};

    (void)state;
    for (size_t i = 0; i < LENGTH(names); i++) {
        char stats[40];
        struct outcome outcome;

        snprintf(stats, sizeof stats, "signal:%s,json", names[i]);
        outcome = run_signal_part("ask twice", stats);
        assert_exited_with(&outcome, 0);
        assert_int_equal(records_in(outcome.err), 3); /* the last one at exit */
    }
}

static void alone_it_brings_text(void **state)
{
    struct outcome outcome = run_signal_part("ask twice", "signal:USR1");

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_int_equal(count_in(outcome.err, "zmalloc 1."), 3);
    outcome = run_signal_part("ask twice", "signal:USR1,prometheus");
    assert_exited_with(&outcome, 0);
    assert_int_equal(count_in(outcome.err, "# TYPE zmalloc_used_bytes gauge\n"), 3);
}

static void assert_only_asks(int number, const char *name)
{
    char stats[40];
    char part[40];
    struct outcome outcome;

    snprintf(stats, sizeof stats, "signal:%s,json", name);
    snprintf(part, sizeof part, "raise %d", number);
    outcome = run_signal_part(part, stats);
    assert_exited_with(&outcome, 0);
    assert_int_equal(records_in(outcome.err), 2);
}

/* A sanitizer handles them itself; qemu 7.2 takes them for its own and ends. */
static bool has_faults(void)
{
    return !UNDER_SANITIZER && !under_emulator();
}

static void it_ends_nothing(void **state)
{
    (void)state;
    assert_only_asks(SIGTERM, "TERM");
    assert_only_asks(SIGWINCH, "WINCH");
    assert_only_asks(SIGCHLD, "CHLD");
    if (!under_emulator()) { /* qemu keeps some of them for itself */
        assert_only_asks(SIGRTMIN, "RTMIN");
        assert_only_asks(SIGRTMIN + 3, "SIGRTMIN+3");
        assert_only_asks(SIGRTMAX, "RTMAX");
        assert_only_asks(SIGRTMAX - 12, "RTMAX-12");
    }
    if (has_faults())
        assert_only_asks(SIGSEGV, "SEGV");
}

/* To return would repeat it. */
static void a_fault_ends_the_process_all_the_same(void **state)
{
    struct outcome outcome;

    (void)state;
    if (UNDER_SANITIZER)
        skip(); /* it handles faults itself */
    skip_under_emulator("takes a fault of the program for its own");
    outcome = run_signal_part("fault", "signal:SEGV,json");
    assert_killed_by(&outcome, SIGSEGV);
    assert_int_equal(records_in(outcome.err), 1);
}

/* ---- The end by a signal ---- */

/* The whole status: also whether there is a core file. */
static void assert_ends_as_without(const char *part, int number)
{
    struct outcome without = run_signal_part(part, NULL);
    struct outcome outcome = run_signal_part(part, "json");

    assert_killed_by(&outcome, number);
    assert_int_equal(outcome.status, without.status);
    assert_int_equal(records_in(outcome.err), 1);
    assert_allocator_unknown(outcome.err);
    assert_err_is(&without, "");
}

static void a_server_that_is_ended_reports(void **state)
{
    (void)state;
    assert_ends_as_without("term", SIGTERM);
}

static void so_does_a_program_that_fails(void **state)
{
    (void)state;
    assert_ends_as_without("abort", SIGABRT);
    if (has_faults())
        assert_ends_as_without("fault", SIGSEGV);
}

static void every_signal_that_ends_is_reported(void **state)
{
    static const int numbers[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGABRT, SIGUSR1,   SIGUSR2, SIGPIPE,
                                  SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO};
    static const int faults[] = {SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};
    char part[40];

    (void)state;
    for (size_t i = 0; i < LENGTH(numbers); i++) {
        snprintf(part, sizeof part, "raise %d", numbers[i]);
        assert_ends_as_without(part, numbers[i]);
    }
    for (size_t i = 0; i < LENGTH(faults) && !UNDER_SANITIZER; i++) {
        snprintf(part, sizeof part, "raise %d", faults[i]);
        assert_ends_as_without(part, faults[i]);
    }
}

static void others_are_not(void **state)
{
    struct outcome outcome = run_signal_part("raise 9", "json");
    char part[40];

    (void)state;
    assert_killed_by(&outcome, SIGKILL);
    assert_err_is(&outcome, "");
    snprintf(part, sizeof part, "raise %d", SIGRTMIN + 1);
    outcome = run_signal_part(part, "json");
    assert_killed_by(&outcome, SIGRTMIN + 1);
    assert_err_is(&outcome, "");
    snprintf(part, sizeof part, "raise %d", SIGCHLD);
    outcome = run_signal_part(part, "json");
    assert_exited_with(&outcome, 0);
    assert_int_equal(records_in(outcome.err), 1);
}

static void both_are_reported(void **state)
{
    struct outcome outcome = run_signal_part("usr1 and term", "signal:USR1,json");

    (void)state;
    assert_killed_by(&outcome, SIGTERM);
    assert_int_equal(records_in(outcome.err), 2);
}

static void a_signal_that_is_held_back_waits(void **state)
{
    struct outcome outcome = run_signal_part("held", "json");

    (void)state;
    assert_killed_by(&outcome, SIGTERM);
    assert_string_equal(outcome.out, "held\n");
    assert_int_equal(records_in(outcome.err), 1);
}

static void one_that_is_waited_for_ends_at_once(void **state)
{
    struct outcome outcome;

    (void)state;
    if (UNDER_THREAD_SANITIZER)
        skip(); /* it calls handlers later, and gives them a copy of what they may change */
    outcome = run_signal_part("sigsuspend", "json");
    assert_killed_by(&outcome, SIGTERM);
    assert_string_equal(outcome.out, "");
    assert_int_equal(records_in(outcome.err), 1);
}

/* ---- What is the program's ---- */

static void the_programs_handlers_win(void **state)
{
    struct outcome outcome = run_signal_part("own handlers", "signal:USR1,json");

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_int_equal(records_in(outcome.err), 1);
    outcome = run_signal_part("early handler", "signal:USR2,json");
    assert_exited_with(&outcome, 0);
    assert_int_equal(records_in(outcome.err), 1);
}

static void become_ignoring(void *argument)
{
    (void)argument;
    child_check(signal(SIGUSR1, SIG_IGN) != SIG_ERR && signal(SIGTERM, SIG_IGN) != SIG_ERR);
    child_check(setenv("ZMALLOC_STATS", "signal:USR1,json", 1) == 0);
    exec_program((const char *const[]){path_beside("signal-program"), "usr1 and term", NULL});
}

static void what_is_ignored_stays_ignored(void **state)
{
    struct outcome outcome = run_child(become_ignoring, NULL);

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_int_equal(records_in(outcome.err), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(a_signal_brings_a_report),
        zm_test(alone_it_brings_text),
        zm_test(it_ends_nothing),
        zm_test(a_fault_ends_the_process_all_the_same),
        zm_test(a_server_that_is_ended_reports),
        zm_test(so_does_a_program_that_fails),
        zm_test(every_signal_that_ends_is_reported),
        zm_test(others_are_not),
        zm_test(both_are_reported),
        zm_test(a_signal_that_is_held_back_waits),
        zm_test(one_that_is_waited_for_ends_at_once),
        zm_test(the_programs_handlers_win),
        zm_test(what_is_ignored_stays_ignored),
    };

    zfree(zmalloc(1));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
