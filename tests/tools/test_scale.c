/* SPDX-License-Identifier: BSD-3-Clause */

/* The unit and the decimals in which values stand beside each other. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compare/comparison.h"

static void assert_scale(enum metric metric, double least, double most, const char *unit,
                         int decimals)
{
    struct scale scale = choose_scale(&metric_kinds[metric], least, most);

    assert_string_equal(scale.unit.name, unit);
    assert_int_equal(scale.decimals, decimals);
}

static void the_largest_value_chooses_the_unit(void **state)
{
    (void)state;
    assert_scale(METRIC_WALL, 2, 3, "s", 2);
    assert_scale(METRIC_WALL, 0.5, 0.9, "ms", 0);
    assert_scale(METRIC_CPU, 0.0004, 0.0005, "us", 0);
    assert_scale(METRIC_RSS, 2048, 4096, "KiB", 2);
    assert_scale(METRIC_PEAK, 3e9, 5e9, "GiB", 2);
}

static void the_smallest_has_three_digits(void **state)
{
    (void)state;
    assert_scale(METRIC_WALL, 12.3, 1000, "s", 1);
    assert_scale(METRIC_WALL, 0.123, 1000, "s", 3);
    assert_scale(METRIC_WALL, 0.0000001, 1000, "s", 4);
}

static void what_is_counted_has_no_decimals(void **state)
{
    (void)state;
    assert_scale(METRIC_FAULTS, 1, 5, "", 0);
    assert_scale(METRIC_PEAK, 1, 1000, "B", 0);
}

static void nothing_has_a_unit_too(void **state)
{
    (void)state;
    assert_scale(METRIC_CPU, 0, 0, "us", 0);
    assert_scale(METRIC_CPU, 0, 0.002, "ms", 2);
    assert_scale(METRIC_PEAK, 0, 0, "B", 0);
}

/* It has no units, so a small one needs more decimals. */
static void a_printed_figure_has_three_digits_too(void **state)
{
    (void)state;
    assert_scale(METRIC_PRINTED, 123456, 200000, "", 0);
    assert_scale(METRIC_PRINTED, 1.5, 200000, "", 2);
    assert_scale(METRIC_PRINTED, 0.000012, 1, "", 7);
    assert_scale(METRIC_PRINTED, 1e-30, 1, "", 9);
}

static void assert_shown(int decimals, double size, double value, const char *expected)
{
    const struct scale scale = {{"", size}, decimals};
    char text[VALUE_SIZE];

    assert_string_equal(show_value(&scale, value, text), expected);
}

static void values_are_shown_in_their_unit(void **state)
{
    (void)state;
    assert_shown(1, 1e-3, 0.01234, "12.3");
    assert_shown(0, 1024, 2048, "2");
    assert_shown(2, 1, -1.005e3, "-1005.00");
    assert_shown(0, 1, 1e300, "1e+300");
    assert_shown(3, 1, NAN, "-");
}

static void each_metric_has_its_word(void **state)
{
    (void)state;
    for (int metric = 0; metric < METRICS; metric++)
        assert_int_equal(find_metric(metric_kinds[metric].word), metric);
    assert_int_equal(find_metric("wal"), METRICS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_value_chooses_the_unit),
        cmocka_unit_test(the_smallest_has_three_digits),
        cmocka_unit_test(what_is_counted_has_no_decimals),
        cmocka_unit_test(nothing_has_a_unit_too),
        cmocka_unit_test(a_printed_figure_has_three_digits_too),
        cmocka_unit_test(values_are_shown_in_their_unit),
        cmocka_unit_test(each_metric_has_its_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
