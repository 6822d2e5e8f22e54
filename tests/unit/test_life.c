/* SPDX-License-Identifier: BSD-3-Clause */

/* A program that allocates in constructors, before main, and in destructors, after it. */

#include "support.h"

#include <stdio.h>
#include <string.h>

static const char life[] = "%s"
                           "constructor 101: exact\n"
                           "constructor 102: exact\n"
                           "constructor 103: exact\n"
                           "constructor 2000: exact\n"
                           "constructor: exact\n"
                           "main: exact\n"
                           "backend: %s\n"
                           "atexit from main: exact\n"
                           "atexit from a constructor: exact\n"
                           "destructor: exact\n"
                           "destructor 2000: exact\n"
                           "destructor 102: exact\n"
                           "destructor 101: exact\n"
                           "end: nothing used\n";

/* backend is NULL if any will do. */
static void assert_lived(const struct outcome *outcome, const char *first, const char *backend)
{
    const char *line = strstr(outcome->out, "backend: ");
    char expected[sizeof life + 100];
    char named[40] = "";

    assert_exited_with(outcome, 0);
    assert_true(line != NULL && sscanf(line, "backend: %39s", named) == 1);
    snprintf(expected, sizeof expected, life, first, backend != NULL ? backend : named);
    assert_string_equal(outcome->out, expected);
    assert_err_is(outcome, "");
}

static void with_the_variable(void **state)
{
    const char *const arguments[] = {path_beside("life-program"), NULL};
    struct outcome outcome = run_program(arguments, NULL);

    (void)state;
    assert_lived(&outcome, "", backend_under_test());
}

static bool preinit_functions_run;

static void remember_preinit(void)
{
    preinit_functions_run = true;
}

__attribute__((section(".preinit_array"),
               used)) static void (*const before_constructors)(void) = remember_preinit;

static void chosen_before_constructors(void **state)
{
    const char *const arguments[] = {path_beside("life-program"), backend_under_test(), NULL};
    const char *const environment[] = {"ZMALLOC_BACKEND", NULL};
    struct outcome outcome = run_program(arguments, environment);

    (void)state;
#ifdef __GLIBC__
    assert_true(preinit_functions_run);
#endif
    if (!preinit_functions_run) {
        print_message("skipped: this C library calls nothing before constructors\n");
        skip();
    }
    assert_lived(&outcome, "preinit: exact\n", backend_under_test());
}

static void chosen_by_nobody(void **state)
{
    const char *const arguments[] = {path_beside("life-program"), NULL};
    const char *const environment[] = {"ZMALLOC_BACKEND", NULL};
    struct outcome outcome = run_program(arguments, environment);

    (void)state;
    assert_lived(&outcome, "", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(with_the_variable),
        zm_test(chosen_before_constructors),
        zm_test(chosen_by_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
