/* SPDX-License-Identifier: BSD-3-Clause */

/* Which word was meant by one that is none. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verb.h"

static const char *const words[] = {"list", "doctor", "run", "compare", NULL};

static void assert_nearest(const char *word, const char *expected)
{
    const char *found = nearest(word, words);

    if (expected == NULL)
        assert_null(found);
    else if (found == NULL)
        fail_msg("'%s' is near to nothing", word);
    else
        assert_string_equal(found, expected);
}

static void one_edit_is_near(void **state)
{
    (void)state;
    assert_nearest("lits", "list");
    assert_nearest("lst", "list");
    assert_nearest("lisst", "list");
    assert_nearest("lixt", "list");
    assert_nearest("rnu", "run");
}

static void longer_words_may_have_more(void **state)
{
    (void)state;
    assert_nearest("copmaer", "compare");
    assert_nearest("docter", "doctor");
    assert_nearest("cmpr", NULL);
}

static void a_beginning_is_near(void **state)
{
    (void)state;
    assert_nearest("comp", "compare");
    assert_nearest("d", "doctor");
}

static void other_words_are_not(void **state)
{
    (void)state;
    assert_nearest("", NULL);
    assert_nearest("xyz", NULL);
    assert_nearest("frobnicate", NULL);
    assert_nearest("x", NULL);
}

static void long_words_are_not(void **state)
{
    static const char longest[] =
        "compareeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
        "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";
    static const char *const candidates[] = {longest, NULL};

    (void)state;
    assert_nearest(longest, NULL);
    assert_null(nearest("compare", candidates));
}

static void the_first_of_the_nearest_counts(void **state)
{
    static const char *const alike[] = {"cat", "car", NULL};

    (void)state;
    assert_string_equal(nearest("cax", alike), "cat");
    assert_string_equal(nearest("car", alike), "car");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_edit_is_near),    cmocka_unit_test(longer_words_may_have_more),
        cmocka_unit_test(a_beginning_is_near), cmocka_unit_test(other_words_are_not),
        cmocka_unit_test(long_words_are_not),  cmocka_unit_test(the_first_of_the_nearest_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
