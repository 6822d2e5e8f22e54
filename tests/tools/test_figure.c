/* SPDX-License-Identifier: BSD-3-Clause */

/* How the figure that a program prints is found in what it printed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "compare/figure.h"

static char path[] = "/tmp/test-figure-XXXXXX";

static void write_printed(const char *printed, size_t length)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(printed, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* Why there is no figure, or NULL. */
static char *read_printed(const char *expression, const char *printed, size_t length, double *value)
{
    struct figure figure;
    char *trouble = compile_figure(expression, &figure);

    assert_null(trouble);
    write_printed(printed, length);
    trouble = read_figure(&figure, path, value);
    free_figure(&figure);
    return trouble;
}

static void assert_found(const char *expression, const char *printed, double expected)
{
    double value = 0;
    char *trouble = read_printed(expression, printed, strlen(printed), &value);

    if (trouble != NULL)
        fail_msg("%s: %s", expression, trouble);
    assert_true(value == expected);
}

static void assert_not_found(const char *expression, const char *printed, const char *expected)
{
    double value = 0;
    char *trouble = read_printed(expression, printed, strlen(printed), &value);

    if (trouble == NULL)
        fail_msg("%s found %g", expression, value);
    assert_string_equal(trouble, expected);
    free(trouble);
}

static void assert_refused(const char *expression, const char *expected)
{
    struct figure figure;
    char *trouble = compile_figure(expression, &figure);

    if (trouble == NULL)
        fail_msg("%s was taken", expression);
    assert_non_null(strstr(trouble, expected));
    free(trouble);
}

static void the_group_is_the_number(void **state)
{
    (void)state;
    assert_found("rate: ([0-9.]+)", "begin\nrate: 12.5 per second\nend\n", 12.5);
    assert_found("^([-+.0-9e]+)$", "x\n-1.5e3\n", -1500);
    assert_found("rate:(.*)s", "rate:  7 s", 7);
}

static void of_several_lines_the_last_counts(void **state)
{
    (void)state;
    assert_found("rate ([0-9]+)", "rate 1\nrate 2\nrate 3\nno rate\n", 3);
    assert_found("rate (.+)", "rate ?\nrate 2\n", 2);
    assert_not_found("rate (.+)", "rate 2\nrate ?\n",
                     "what --metric-regex found is no number: '?'");
}

static void without_a_match_there_is_none(void **state)
{
    (void)state;
    assert_not_found("rate ([0-9]+)", "",
                     "no line that it printed matches --metric-regex 'rate ([0-9]+)'");
    assert_not_found("a ([0-9]+)", "a\n1\n",
                     "no line that it printed matches --metric-regex 'a ([0-9]+)'");
}

static void what_is_no_finite_number_is_none(void **state)
{
    (void)state;
    assert_not_found("is (.*)", "is nan", "what --metric-regex found is no number: 'nan'");
    assert_not_found("is (.*)", "is inf", "what --metric-regex found is no number: 'inf'");
    assert_not_found("is (.*)", "is 1e999", "what --metric-regex found is no number: '1e999'");
    assert_not_found("is (.*)", "is 1,000", "what --metric-regex found is no number: '1,000'");
    assert_not_found("is (.*)", "is ", "what --metric-regex found is no number: ''");
    /* A group that took no part has no text. */
    assert_not_found("is|has ([0-9])", "is", "what --metric-regex found is no number: ''");
}

/* A line may have any length, and bytes that are not text. */
static void long_lines_and_zeros_do_no_harm(void **state)
{
    size_t length = 300000;
    char *printed = malloc(length);
    double value = 0;

    (void)state;
    assert_non_null(printed);
    memset(printed, 'x', length);
    printed[1000] = '\0';
    memcpy(printed + length - 9, "\nrate 42\n", 9);
    assert_null(read_printed("rate ([0-9]+)", printed, length, &value));
    assert_true(value == 42);
    free(printed);
}

static void an_expression_has_one_group(void **state)
{
    (void)state;
    assert_refused("[0-9]+", "it has no group; it needs one, around the number");
    assert_refused("(a|b) ([0-9]+)", "it has several groups; it needs one");
    /* What the C library says of it, in its words. */
    assert_refused("([0-9]+", "");
    assert_refused("", "it has no group");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_group_is_the_number),
        cmocka_unit_test(of_several_lines_the_last_counts),
        cmocka_unit_test(without_a_match_there_is_none),
        cmocka_unit_test(what_is_no_finite_number_is_none),
        cmocka_unit_test(long_lines_and_zeros_do_no_harm),
        cmocka_unit_test(an_expression_has_one_group),
    };
    int file = mkstemp(path);
    int failed;

    if (file < 0)
        return EXIT_FAILURE;
    close(file);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
