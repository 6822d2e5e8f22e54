/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Signals that come just while a report is made: a backend of the test's own raises them when it is
 * asked for its figures. Each part is this program, started once more.
 */

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "choice_support.h"
#include "records.h"
#include "zmalloc_backend.h"

static char report[8192];

/* Tells five figures, after it has done something else. */
static void (*meanwhile)(void);

static void tell_figures(size_t *allocated, size_t *active, size_t *resident, size_t *retained,
                         size_t *muzzy)
{
    void (*once)(void) = meanwhile;

    meanwhile = NULL;
    if (once != NULL)
        once();
    *allocated = *active = *resident = *retained = *muzzy = 5;
}

static void bring_backend(void)
{
    static struct zmalloc_backend backend;

    backend = zmalloc_backend_module;
    backend.name = "mine";
    backend.allocator_info = tell_figures;
    child_check(zmalloc_register_backend(&backend) == 0 && zmalloc_init("mine") == 0);
}

/* ---- Another thread asks while the first one writes ---- */

/* The thread that writes gets no signals, and what it starts begins the same way. */
static void let_signals_come(void)
{
    sigset_t nothing;

    sigemptyset(&nothing);
    child_check(pthread_sigmask(SIG_SETMASK, &nothing, NULL) == 0);
}

static void *ask(void *argument)
{
    let_signals_come();
    raise(SIGUSR1);
    raise(SIGUSR1);
    return argument;
}

static void let_another_ask(void)
{
    pthread_t thread;

    child_check(pthread_create(&thread, NULL, ask, NULL) == 0);
    child_check(pthread_join(thread, NULL) == 0);
}

/* ---- Another thread ends the process ---- */

/* Until the signal comes. */
static ssize_t stay(void *cookie, const char *text, size_t size)
{
    (void)cookie;
    (void)text;
    while (size > 0)
        pause();
    return 0;
}

/* Streams are flushed after all destructors. */
static void stay_at_the_end_of_exit(void)
{
    FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = stay});

    child_check(stream != NULL && fputc('x', stream) == 'x');
}

static void *end(void *argument)
{
    let_signals_come();
    raise(SIGTERM);
    return argument;
}

static void let_another_end(void)
{
    pthread_t thread;

    stay_at_the_end_of_exit();
    child_check(pthread_create(&thread, NULL, end, NULL) == 0);
}

/* The report is never finished. */
static void let_another_end_and_stay(void)
{
    let_another_end();
    stay(NULL, "", 1);
}

/* ---- This thread gets a signal ---- */

static void raise_both(void)
{
    raise(SIGUSR1);
    raise(SIGTERM);
}

/* ---- The program's handler asks while the program asks ---- */

static char inner[sizeof report];

static void ask_in_handler(int number)
{
    (void)number;
    child_check(zmalloc_stats_json(inner, sizeof inner) > 0);
}

static void raise_usr2(void)
{
    raise(SIGUSR2);
}

static void interrupt_a_question(void)
{
    child_check(signal(SIGUSR2, ask_in_handler) != SIG_ERR);
    bring_backend();
    meanwhile = raise_usr2;
    child_check(zmalloc_stats_json(report, sizeof report) > 0);
    child_check(strstr(report, "\"allocated_bytes\":5,") != NULL);
    child_check(strstr(inner, "\"allocated_bytes\":null,") != NULL);
    raise(SIGUSR2);
    child_check(strstr(inner, "\"allocated_bytes\":5,") != NULL);
}

/* ---- The parts ---- */

static const struct part {
    const char *name;
    void (*meanwhile)(void);
} parts[] = {
    {"another asks", let_another_ask},
    {"another ends", let_another_end},
    {"another ends, and nothing goes on", let_another_end_and_stay},
    {"both", raise_both},
};

/* exit() makes the report. */
static void run_here(const char *name)
{
    if (strcmp(name, "interrupted") == 0) {
        interrupt_a_question();
        exit(0);
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcmp(parts[i].name, name) == 0) {
            bring_backend();
            meanwhile = parts[i].meanwhile;
            exit(3);
        }
    exit(126);
}

static struct outcome run_part(const char *part)
{
    const char *const arguments[] = {"/proc/self/exe", part, NULL};
    const char *const environment[] = {"ZMALLOC_STATS=signal:USR1,json", NULL};

    return run_program(arguments, environment);
}

/* ---- What becomes of it ---- */

static void requests_that_come_meanwhile_are_one(void **state)
{
    struct outcome outcome = run_part("another asks");

    (void)state;
    assert_exited_with(&outcome, 3);
    assert_int_equal(records_in(outcome.err), 2);
}

static void who_ends_the_process_lets_the_report_be_written(void **state)
{
    struct outcome outcome = run_part("another ends");

    (void)state;
    assert_killed_by(&outcome, SIGTERM);
    assert_int_equal(records_in(outcome.err), 1);
    assert_non_null(strstr(outcome.err, "\"allocated_bytes\":5,"));
}

static void but_not_for_ever(void **state)
{
    struct outcome outcome = run_part("another ends, and nothing goes on");

    (void)state;
    assert_killed_by(&outcome, SIGTERM);
    assert_err_is(&outcome, "");
}

/* The report at exit is the one for the end. The other signal brings another one. */
static void a_signal_waits_for_the_report(void **state)
{
    struct outcome outcome = run_part("both");

    (void)state;
    assert_killed_by(&outcome, SIGTERM);
    assert_int_equal(records_in(outcome.err), 2);
}

static void a_question_in_a_question_leaves_the_allocator_out(void **state)
{
    struct outcome outcome = run_part("interrupted");

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_int_equal(records_in(outcome.err), 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_come_meanwhile_are_one),
        cmocka_unit_test(who_ends_the_process_lets_the_report_be_written),
        cmocka_unit_test(but_not_for_ever),
        cmocka_unit_test(a_signal_waits_for_the_report),
        cmocka_unit_test(a_question_in_a_question_leaves_the_allocator_out),
    };

    if (argc == 2)
        run_here(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
