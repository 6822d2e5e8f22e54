/* SPDX-License-Identifier: BSD-3-Clause */

/* The sentence on a comparison, for results that are given. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "compare/report.h"

static char names[][8] = {"a", "b", "c", "d"};
static char failure[] = "it failed";

struct given {
    double median, low, high;
    size_t runs;
    char *failure;
};

/* That of the processor time, or of a printed figure of which more is better. */
static void assert_verdict(const struct given *given, size_t count, bool more_is_better,
                           const char *expected)
{
    struct subject subjects[4] = {0};
    struct comparison comparison = {
        .metric = more_is_better ? METRIC_PRINTED : METRIC_CPU,
        .printed = {.title = "rate", .more_is_better = true},
        .subjects = subjects,
        .count = count,
    };
    char *verdict;

    for (size_t i = 0; i < count; i++) {
        subjects[i].variant.name = names[i];
        subjects[i].runs = given[i].runs;
        subjects[i].failure = given[i].failure;
        subjects[i].summaries[comparison.metric] =
            (struct summary){.median = given[i].median, .low = given[i].low, .high = given[i].high};
    }
    verdict = verdict_on(&comparison);
    assert_string_equal(verdict, expected);
    free(verdict);
}

#define VERDICT_ON(more_is_better, expected, ...)                                                  \
    do {                                                                                           \
        const struct given given[] = {__VA_ARGS__};                                                \
                                                                                                   \
        assert_verdict(given, sizeof given / sizeof *given, more_is_better, expected);             \
    } while (0)

#define VERDICT(expected, ...) VERDICT_ON(false, expected, __VA_ARGS__)

static void the_lowest_is_compared_with_the_first(void **state)
{
    (void)state;
    VERDICT("b has the lowest CPU time, 20.0 % less than a.", {10, 9, 11, 6, NULL},
            {8, 7, 8.5, 6, NULL}, {9, 8.6, 12, 6, NULL});
}

static void where_the_first_is_lowest_with_the_next(void **state)
{
    (void)state;
    VERDICT("a has the lowest CPU time, 50.0 % less than c.", {1, 1, 1, 6, NULL},
            {4, 4, 4, 6, NULL}, {2, 2, 2, 6, NULL});
}

static void who_is_like_the_lowest_is_named(void **state)
{
    (void)state;
    VERDICT("b has the lowest CPU time, 20.0 % less than a; no difference between it and c, whose "
            "interval overlaps its own.",
            {10, 9, 11, 6, NULL}, {8, 7, 8.5, 6, NULL}, {8.2, 8, 9, 6, NULL});
    VERDICT("b has the lowest CPU time, 20.0 % less than a; no difference between it and c and d, "
            "whose intervals overlap its own.",
            {10, 9, 11, 6, NULL}, {8, 7, 8.5, 6, NULL}, {8.2, 8, 9, 6, NULL}, {8.2, 8, 9, 6, NULL});
}

/* The first overlaps: the claim is about who does not. */
static void an_overlap_with_the_first_is_no_claim(void **state)
{
    (void)state;
    VERDICT("b has the lowest CPU time, 50.0 % less than c; no difference between it and a, whose "
            "interval overlaps its own.",
            {5, 4, 6, 6, NULL}, {4, 3, 5, 6, NULL}, {8, 7, 9, 6, NULL});
}

static void overlaps_are_no_difference(void **state)
{
    (void)state;
    VERDICT("No difference in CPU time between a and b: their 95 % intervals overlap.",
            {10, 9, 11, 6, NULL}, {9, 8, 10, 6, NULL});
    VERDICT(
        "No difference in CPU time: the 95 % intervals of a and c overlap that of b, the lowest.",
        {10, 9, 11, 6, NULL}, {9, 8, 10, 6, NULL}, {10, 9, 11, 6, NULL});
}

static void few_runs_tell_nothing(void **state)
{
    (void)state;
    VERDICT("No verdict: with fewer than 6 runs of each no difference is sure.",
            {10, 10, 10, 6, NULL}, {1, 1, 1, 5, NULL});
}

static void who_failed_has_no_part(void **state)
{
    (void)state;
    VERDICT("b has the lowest CPU time, 50.0 % less than c.", {1, 1, 1, 6, failure},
            {2, 2, 2, 6, NULL}, {4, 4, 4, 6, NULL});
    VERDICT("No verdict: only b was measured.", {1, 1, 1, 6, failure}, {2, 2, 2, 6, NULL});
    VERDICT("No verdict: nothing was measured.", {1, 1, 1, 6, failure}, {2, 2, 2, 0, NULL});
}

static void of_some_figures_the_highest_is_best(void **state)
{
    (void)state;
    VERDICT_ON(true, "b has the highest rate, 25.0 % more than a.", {8, 7, 8.5, 6, NULL},
               {10, 9, 11, 6, NULL}, {7, 6, 7.5, 6, NULL});
    VERDICT_ON(true,
               "b has the highest rate, 100.0 % more than c; no difference between it and a, whose "
               "interval overlaps its own.",
               {9, 8, 10, 6, NULL}, {10, 9, 11, 6, NULL}, {5, 4, 6, 6, NULL}, {4, 3, 5, 6, NULL});
    VERDICT_ON(true,
               "No difference in rate: the 95 % intervals of a and c overlap that of b, the "
               "highest.",
               {9, 8, 10, 6, NULL}, {10, 9, 11, 6, NULL}, {9, 8, 10, 6, NULL});
}

/* A printed figure may be 0, or below. */
static void where_there_is_no_ratio_there_is_no_part(void **state)
{
    (void)state;
    VERDICT_ON(true, "b has the highest rate, before a.", {0, 0, 0, 6, NULL}, {1, 1, 1, 6, NULL});
    VERDICT_ON(true, "b has the highest rate, before a.", {-5, -5, -5, 6, NULL},
               {-1, -1, -1, 6, NULL});
    VERDICT("b has the lowest CPU time, before a.", {1, 1, 1, 6, NULL}, {-1, -1, -1, 6, NULL});
    VERDICT("b has the lowest CPU time, 100.0 % less than a.", {1, 1, 1, 6, NULL},
            {0, 0, 0, 6, NULL});
}

/* As the peak of a program that keeps no record. */
static void what_could_not_be_measured_has_no_part(void **state)
{
    (void)state;
    VERDICT("c has the lowest CPU time, 50.0 % less than b.", {NAN, NAN, NAN, 6, NULL},
            {2, 2, 2, 6, NULL}, {1, 1, 1, 6, NULL});
    VERDICT("No verdict: only b was measured.", {NAN, NAN, NAN, 6, NULL}, {2, 2, 2, 6, NULL});
}

static double ratio_of(double first, double second)
{
    struct subject subjects[2] = {0};

    subjects[0].summaries[METRIC_PEAK].median = first;
    subjects[1].summaries[METRIC_PEAK].median = second;
    return ratio_to(&subjects[0], &subjects[1], METRIC_PEAK);
}

/* NAN is what no table and no file shows as a number. */
static void there_is_no_ratio_of_zeros(void **state)
{
    (void)state;
    assert_true(isnan(ratio_of(0, 0)));
    assert_true(isnan(ratio_of(0, 5)));
    assert_true(isnan(ratio_of(5, 0)));
    assert_true(isnan(ratio_of(5, -5)));
    assert_true(isnan(ratio_of(NAN, 5)));
    assert_true(isnan(ratio_of(5, NAN)));
    assert_true(ratio_of(4, 2) == 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lowest_is_compared_with_the_first),
        cmocka_unit_test(where_the_first_is_lowest_with_the_next),
        cmocka_unit_test(who_is_like_the_lowest_is_named),
        cmocka_unit_test(an_overlap_with_the_first_is_no_claim),
        cmocka_unit_test(overlaps_are_no_difference),
        cmocka_unit_test(few_runs_tell_nothing),
        cmocka_unit_test(who_failed_has_no_part),
        cmocka_unit_test(of_some_figures_the_highest_is_best),
        cmocka_unit_test(where_there_is_no_ratio_there_is_no_part),
        cmocka_unit_test(what_could_not_be_measured_has_no_part),
        cmocka_unit_test(there_is_no_ratio_of_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
