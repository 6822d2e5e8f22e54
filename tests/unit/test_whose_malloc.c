/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The library does not change the program's malloc or operator new, whichever backend is active: a
 * program with it and one without find the same functions in the same files. In C and in C++, with
 * C++ plug-ins opened before and after the backend.
 */

#include "support.h"

#include <stdio.h>
#include <string.h>

static void assert_same(const char *program, const char *control, const char *plugin_first)
{
    const char *arguments[] = {path_beside(program), plugin_first, NULL};
    /* It would make malloc fill the large block that is looked for. */
    const char *environment[] = {"MALLOC_PERTURB_", NULL};
    struct outcome with = run_program(arguments, environment);
    struct outcome without;

    arguments[0] = path_beside(control);
    without = run_program(arguments, environment);
    assert_exited_with(&without, 0);
    assert_exited_with(&with, 0);
    assert_non_null(strstr(with.out, "at last"));
    assert_string_equal(with.out, without.out);
    assert_string_equal(with.err, without.err);
}

/* With clang's address sanitizer, no C program can throw from a C++ library that it opens: the
 * control dies as well. */
#if defined(__clang__)
#define NO_PLUGINS_IN_C UNDER_ADDRESS_SANITIZER
#else
#define NO_PLUGINS_IN_C 0
#endif

static void the_same_in_c(void **state)
{
    (void)state;
    if (NO_PLUGINS_IN_C)
        skip();
    assert_same("whose-program", "whose-control", NULL);
    assert_same("whose-program", "whose-control", "plug-in first");
}

static void the_same_in_cpp(void **state)
{
    (void)state;
    assert_same("whose-program-cpp", "whose-control-cpp", NULL);
    assert_same("whose-program-cpp", "whose-control-cpp", "plug-in first");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(the_same_in_c),
        zm_test(the_same_in_cpp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
