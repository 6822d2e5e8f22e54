/* SPDX-License-Identifier: BSD-3-Clause */

/* What --variant takes apart, and what it refuses. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "compare/variant.h"

#define MOST 4

/* The variables end with NULL. */
struct expected {
    const char *name;
    const char *backend;
    const char *variables[MOST];
};

static void assert_variant(const char *text, struct expected expected)
{
    struct variant variant;
    char *trouble = read_variant(text, &variant);
    size_t i = 0;

    if (trouble != NULL)
        fail_msg("%s: %s", text, trouble);
    assert_string_equal(variant.name, expected.name);
    assert_string_equal(variant.backend, expected.backend);
    for (; expected.variables[i] != NULL; i++) {
        assert_non_null(variant.variables[i]);
        assert_string_equal(variant.variables[i], expected.variables[i]);
    }
    assert_null(variant.variables[i]);
    free_variant(&variant);
}

static void assert_refused(const char *text, const char *expected)
{
    struct variant variant;
    char *trouble = read_variant(text, &variant);

    if (trouble == NULL)
        fail_msg("%s was taken", text);
    assert_string_equal(trouble, expected);
    free(trouble);
}

static void a_backend_alone_is_a_variant(void **state)
{
    (void)state;
    assert_variant("jemalloc", (struct expected){"jemalloc", "jemalloc", {NULL}});
    assert_variant(" debug+libc ", (struct expected){"debug+libc", "debug+libc", {NULL}});
}

static void variables_come_after_it(void **state)
{
    (void)state;
    assert_variant("jemalloc MALLOC_CONF=narenas:1", (struct expected){
                                                         "jemalloc MALLOC_CONF=narenas:1",
                                                         "jemalloc",
                                                         {"MALLOC_CONF=narenas:1", NULL},
                                                     });
    assert_variant("\tlibc  A=1\n B= ",
                   (struct expected){"libc A=1 B=", "libc", {"A=1", "B=", NULL}});
}

static void a_name_comes_before_a_colon_and_a_blank(void **state)
{
    (void)state;
    assert_variant("one arena: jemalloc A=b:c",
                   (struct expected){"one arena", "jemalloc", {"A=b:c", NULL}});
    assert_variant(" a:b :  libc", (struct expected){"a:b", "libc", {NULL}});
    assert_variant("libc A='x: y'", (struct expected){"libc A='x: y'", "libc", {"A=x: y", NULL}});
}

static void quotes_keep_blanks_together(void **state)
{
    (void)state;
    assert_variant("q: libc \"A=x  y\" B='it says \"no\"'",
                   (struct expected){"q", "libc", {"A=x  y", "B=it says \"no\"", NULL}});
    assert_variant("q: libc A=\"b\"c''d", (struct expected){"q", "libc", {"A=bcd", NULL}});
}

static void a_name_cannot_move_a_cursor(void **state)
{
    (void)state;
    assert_variant("a\033[2J\nb: libc", (struct expected){"a?[2J b", "libc", {NULL}});
}

static void what_has_no_backend_is_refused(void **state)
{
    (void)state;
    assert_refused("", "it names no backend");
    assert_refused("  ", "it names no backend");
    assert_refused("''", "it names no backend");
    assert_refused("name:", "it names no backend");
    assert_refused("name: ", "it names no backend");
    assert_refused("A=b", "it names no backend before 'A=b'");
    assert_refused("name: A=b", "it names no backend before 'A=b'");
}

static void what_is_no_variable_is_refused(void **state)
{
    (void)state;
    assert_refused("jemalloc narenas:1",
                   "'narenas:1' is no variable: after the backend come NAME=VALUE");
    assert_refused("jemalloc A=b =c", "'=c' is no variable: after the backend come NAME=VALUE");
    assert_refused("libc ZMALLOC_BACKEND=native", "ZMALLOC_BACKEND is what compare sets itself");
    assert_refused("libc ZMALLOC_STATS=text", "ZMALLOC_STATS is what compare sets itself");
}

static void other_mistakes_are_refused(void **state)
{
    (void)state;
    assert_refused(": libc", "the name before ':' is empty");
    assert_refused("libc,native", "it has one backend; for several say --variant several times");
    assert_refused("libc A='b c", "the quote in 'A='b c' does not end");
    assert_refused("\"libc", "the quote in '\"libc' does not end");
}

static bool is_special_text(const char *text)
{
    struct variant variant;
    bool special;

    assert_null(read_variant(text, &variant));
    special = is_special(&variant);
    free_variant(&variant);
    return special;
}

static void more_than_a_backend_is_special(void **state)
{
    struct variant plain = plain_variant("debug+libc");

    (void)state;
    assert_false(is_special(&plain));
    free_variant(&plain);
    assert_false(is_special_text("libc"));
    assert_true(is_special_text("libc A=b"));
    assert_true(is_special_text("mine: libc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backend_alone_is_a_variant),
        cmocka_unit_test(variables_come_after_it),
        cmocka_unit_test(a_name_comes_before_a_colon_and_a_blank),
        cmocka_unit_test(quotes_keep_blanks_together),
        cmocka_unit_test(a_name_cannot_move_a_cursor),
        cmocka_unit_test(what_has_no_backend_is_refused),
        cmocka_unit_test(what_is_no_variable_is_refused),
        cmocka_unit_test(other_mistakes_are_refused),
        cmocka_unit_test(more_than_a_backend_is_special),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
