/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * For the backends over the C library's malloc alone: under LD_PRELOAD of another allocator they
 * take their memory from that one, and say so. What is not installed is left out.
 */

#include "support.h"

#include <stdio.h>
#include <string.h>

/* The file that is preloaded, and the name of its allocator. */
struct preloaded {
    const char *file;
    const char *allocator;
};

static struct outcome run_preloaded(const char *file)
{
    const char *const arguments[] = {path_beside("preload-program"), NULL};
    char variable[100];
    const char *const environment[] = {variable, NULL};

    snprintf(variable, sizeof variable, "LD_PRELOAD=%s", file);
    return run_program(arguments, environment);
}

static const char *value_of(const struct outcome *outcome, const char *name, char value[200])
{
    char begin[20];
    const char *line;

    snprintf(begin, sizeof begin, "\n%s: ", name);
    line = strstr(outcome->out, begin);
    assert_non_null(line);
    assert_int_equal(sscanf(line + strlen(begin), "%199[^\n]", value), 1);
    return value;
}

static void assert_version(const struct outcome *outcome, const char *file)
{
    char expected[200];
    char value[200];

    if (file != NULL)
        snprintf(expected, sizeof expected, "%s, malloc of %s", c_library_version(), file);
    else
        snprintf(expected, sizeof expected, "%s", c_library_version());
    assert_string_equal(value_of(outcome, "version", value), expected);
}

/* Name and the number of the C library, whoever's malloc it is. */
static void assert_name_and_lib(const struct outcome *outcome)
{
    char expected[200];
    char value[200];

    assert_string_equal(value_of(outcome, "name", value), backend_under_test());
    snprintf(expected, sizeof expected, "%s-%s", backend_under_test(), c_library_version());
    assert_string_equal(value_of(outcome, "lib", value), expected);
}

/* glibc's dynamic linker says what it cannot preload; musl's passes over it. */
static bool was_preloaded(const struct outcome *outcome)
{
#ifdef __GLIBC__
    return strstr(outcome->err, "cannot be preloaded") == NULL;
#else
    struct outcome without = run_preloaded("");
    char value[200];
    char value_without[200];

    return strcmp(value_of(outcome, "malloc", value),
                  value_of(&without, "malloc", value_without)) != 0;
#endif
}

static void uses_and_names_what_is_preloaded(void **state)
{
    const struct preloaded *preloaded = *state;
    struct outcome outcome = run_preloaded(preloaded->file);
    char value[200];

    if (!was_preloaded(&outcome)) {
        print_message("skipped: there is no %s for this C library\n", preloaded->file);
        skip();
    }
    assert_exited_with(&outcome, 0);
    assert_err_is(&outcome, "");
    assert_non_null(strstr(value_of(&outcome, "malloc", value), preloaded->allocator));
    assert_version(&outcome, preloaded->file);
    assert_name_and_lib(&outcome);
    assert_null(strstr(value_of(&outcome, "lib", value), preloaded->allocator));
    assert_string_equal(value_of(&outcome, "rose", value), "1");
    assert_string_not_equal(value_of(&outcome, "figures", value), "wrong");
}

static void names_the_c_library_alone_without(void **state)
{
    struct outcome outcome = run_preloaded("");
    char value[200];

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_err_is(&outcome, "");
    assert_version(&outcome, NULL);
    assert_name_and_lib(&outcome);
    assert_string_equal(value_of(&outcome, "rose", value), "-1");
    assert_string_not_equal(value_of(&outcome, "figures", value), "wrong");
}

#define PRELOAD_TEST(number)                                                                       \
    cmocka_unit_test_prestate_setup_teardown(uses_and_names_what_is_preloaded, NULL, NULL,         \
                                             (void *)(uintptr_t)&allocators[number])

int main(void)
{
    static const struct preloaded allocators[] = {
        {"libjemalloc.so.2", "jemalloc"},
        {"libtcmalloc_minimal.so.4", "tcmalloc"},
        {"libmimalloc.so.2", "mimalloc"},
    };
    const struct CMUnitTest tests[] = {
        zm_test(names_the_c_library_alone_without),
        PRELOAD_TEST(0),
        PRELOAD_TEST(1),
        PRELOAD_TEST(2),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
