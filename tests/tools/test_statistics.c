/* SPDX-License-Identifier: BSD-3-Clause */

/* Medians and their intervals, of values whose answer is known. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "compare/statistics.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void assert_exactly(double found, double expected)
{
    if (fabs(found - expected) > 1e-12)
        fail_msg("%.17g is not %.17g", found, expected);
}

static void assert_between(double least, double found, double most)
{
    if (!(least <= found && found <= most))
        fail_msg("%.17g is not from %.17g to %.17g", found, least, most);
}

static void median_of_an_odd_number_is_the_middle(void **state)
{
    double values[] = {9, 1, 5};

    (void)state;
    assert_exactly(summarize(values, COUNT(values)).median, 5);
    assert_exactly(summarize(values, COUNT(values)).least, 1);
    assert_exactly(summarize(values, COUNT(values)).most, 9);
}

static void median_of_an_even_number_is_between(void **state)
{
    double values[] = {8, 1, 4, 2};

    (void)state;
    assert_exactly(summarize(values, COUNT(values)).median, 3);
}

static void one_value_is_its_own_interval(void **state)
{
    double value = 7;
    struct summary summary = summarize(&value, 1);

    (void)state;
    assert_exactly(summary.low, 7);
    assert_exactly(summary.median, 7);
    assert_exactly(summary.high, 7);
}

static void equal_values_leave_nothing_open(void **state)
{
    double values[] = {3, 3, 3, 3, 3, 3, 3};
    struct summary summary = summarize(values, COUNT(values));

    (void)state;
    assert_exactly(summary.low, 3);
    assert_exactly(summary.high, 3);
}

/*
 * The median of a resample of 1 to 11 is at most k where six draws or more are: with a probability
 * of 0.0145 for k = 2, and of 0.0741 for k = 3. So the interval of 95 % goes from 3 to 9.
 */
static void interval_of_eleven_values_is_the_exact_one(void **state)
{
    double values[] = {4, 11, 7, 1, 9, 3, 6, 10, 2, 8, 5};
    struct summary summary = summarize(values, COUNT(values));

    (void)state;
    assert_exactly(summary.median, 6);
    assert_exactly(summary.low, 3);
    assert_exactly(summary.high, 9);
}

/* For many values from 0 to 1 the median's deviation is 1 / (2 sqrt(n)): here 0.0158. */
static void interval_of_many_values_is_the_normal_one(void **state)
{
    double values[1001];
    struct summary summary;

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++)
        values[i] = (double)i / (double)(COUNT(values) - 1);
    summary = summarize(values, COUNT(values));
    assert_exactly(summary.median, 0.5);
    assert_between(0.5 - 0.036, summary.low, 0.5 - 0.026);
    assert_between(0.5 + 0.026, summary.high, 0.5 + 0.036);
}

static void one_value_far_off_does_not_matter(void **state)
{
    double values[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1000000};
    struct summary summary = summarize(values, COUNT(values));

    (void)state;
    assert_exactly(summary.median, 1);
    assert_exactly(summary.high, 1);
}

static void the_order_of_values_does_not_matter(void **state)
{
    double ascending[] = {1, 2, 3, 4, 5, 6, 7, 8};
    double mixed[] = {5, 8, 1, 3, 7, 2, 6, 4};
    struct summary first = summarize(ascending, COUNT(ascending));
    struct summary second = summarize(mixed, COUNT(mixed));

    (void)state;
    assert_exactly(first.low, second.low);
    assert_exactly(first.median, second.median);
    assert_exactly(first.high, second.high);
}

static void intervals_that_touch_overlap(void **state)
{
    struct summary low = {.low = 1, .high = 2};
    struct summary touching = {.low = 2, .high = 3};
    struct summary apart = {.low = 2.5, .high = 3};
    struct summary around = {.low = 0, .high = 9};

    (void)state;
    assert_true(overlap(&low, &touching));
    assert_true(overlap(&touching, &low));
    assert_false(overlap(&low, &apart));
    assert_false(overlap(&apart, &low));
    assert_true(overlap(&around, &apart));
    assert_true(overlap(&apart, &around));
}

/* Each face of a die of 10000 throws: a deviation is 37, six of them are never. */
static void random_numbers_are_even(void **state)
{
    struct random random = {1};
    size_t faces[6] = {0};

    (void)state;
    for (int i = 0; i < 10000; i++) {
        size_t face = random_below(&random, COUNT(faces));

        assert_true(face < COUNT(faces));
        faces[face]++;
    }
    for (size_t i = 0; i < COUNT(faces); i++)
        assert_between(10000.0 / 6 - 224, (double)faces[i], 10000.0 / 6 + 224);
}

static void a_seed_is_a_sequence(void **state)
{
    struct random first = {42};
    struct random same = {42};
    struct random other = {43};
    int differing = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        size_t number = random_below(&first, 1000);

        assert_int_equal(number, random_below(&same, 1000));
        differing += number != random_below(&other, 1000);
    }
    assert_true(differing > 50);
}

static void nobody_foresees_the_other_seeds(void **state)
{
    struct random first = random_unforeseen();
    struct random second = random_unforeseen();

    (void)state;
    assert_true(first.state != second.state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(median_of_an_odd_number_is_the_middle),
        cmocka_unit_test(median_of_an_even_number_is_between),
        cmocka_unit_test(one_value_is_its_own_interval),
        cmocka_unit_test(equal_values_leave_nothing_open),
        cmocka_unit_test(interval_of_eleven_values_is_the_exact_one),
        cmocka_unit_test(interval_of_many_values_is_the_normal_one),
        cmocka_unit_test(one_value_far_off_does_not_matter),
        cmocka_unit_test(the_order_of_values_does_not_matter),
        cmocka_unit_test(intervals_that_touch_overlap),
        cmocka_unit_test(random_numbers_are_even),
        cmocka_unit_test(a_seed_is_a_sequence),
        cmocka_unit_test(nobody_foresees_the_other_seeds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
