/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Only for the backends over the C library's malloc: under LD_PRELOAD of another allocator they
 * take their memory from it and say so, or refuse to start over it. Skips allocators that are not
 * installed.
 */

#include "support.h"

#include <stdio.h>
#include <string.h>

/* The file that is preloaded, and the name of its allocator. */
struct preloaded {
    const char *files[2]; /* of several versions; the first one found */
    const char *allocator;
};

/* Runs the program with additional variables. */
static struct outcome run_with(const char *file, const char *variable, const char *other)
{
    const char *arguments[] = {NULL, NULL};
    char preload[PATH_MAX + sizeof "LD_PRELOAD="];
    const char *const environment[] = {preload, variable, other, NULL};

    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", file);
    arguments[0] = path_beside("preload-program"); /* file may be another path beside */
    return run_program(arguments, environment);
}

static struct outcome run_preloaded(const char *file)
{
    return run_with(file, NULL, NULL);
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

/* Name and version of the C library, whoever's malloc it is. */
static void assert_name_and_lib(const struct outcome *outcome)
{
    char expected[200];
    char value[200];

    assert_string_equal(value_of(outcome, "name", value), backend_under_test());
    snprintf(expected, sizeof expected, "%s-%s", backend_under_test(), c_library_version());
    assert_string_equal(value_of(outcome, "lib", value), expected);
}

/* glibc's dynamic linker reports what it cannot preload; musl's ignores it. */
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
    const char *file = preloaded->files[0];
    struct outcome outcome = run_preloaded(file);
    char value[200];

    if (!was_preloaded(&outcome) && preloaded->files[1] != NULL) {
        file = preloaded->files[1];
        outcome = run_preloaded(file);
    }
    if (!was_preloaded(&outcome)) {
        print_message("skipped: there is no %s for this C library\n", file);
        skip();
    }
    assert_exited_with(&outcome, 0);
    assert_err_is(&outcome, "");
    assert_non_null(strstr(value_of(&outcome, "malloc", value), preloaded->allocator));
    assert_version(&outcome, file);
    assert_name_and_lib(&outcome);
    assert_null(strstr(value_of(&outcome, "lib", value), preloaded->allocator));
    assert_string_equal(value_of(&outcome, "rose", value), "1");
    assert_string_not_equal(value_of(&outcome, "figures", value), "wrong");
    assert_string_equal(value_of(&outcome, "zeroed", value), "right");
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

/* ---- What is zeroed ---- */

static void assert_zeroed(const struct outcome *outcome)
{
    char value[200];

    assert_exited_with(outcome, 0);
    assert_string_equal(value_of(outcome, "zeroed", value), "right");
}

/* With the old variable and with the tunable, the C library's malloc fills what it hands out. */
static void zeroed_blocks_are_zero_over_a_malloc_that_fills(void **state)
{
    struct outcome outcome = run_with("", "MALLOC_PERTURB_=165", NULL);

    (void)state;
    assert_zeroed(&outcome);
    outcome = run_with("", "MALLOC_PERTURB_", "GLIBC_TUNABLES=glibc.malloc.perturb=165");
    assert_zeroed(&outcome);
}

/* glibc's own calloc for debugging is of that kind. */
static void zeroed_blocks_are_zero_over_a_calloc_that_clears_less(void **state)
{
    struct outcome outcome = run_preloaded(path_beside("dirty-calloc.so"));

    (void)state;
    assert_zeroed(&outcome);
    outcome = run_preloaded("libc_malloc_debug.so.0");
    if (was_preloaded(&outcome))
        assert_zeroed(&outcome);
    outcome = run_with("libc_malloc_debug.so.0", "MALLOC_CHECK_=3", "MALLOC_PERTURB_=165");
    if (was_preloaded(&outcome))
        assert_zeroed(&outcome);
}

/* ---- A malloc without a size query ---- */

static void assert_only_libc_starts(const char *path, const char *name)
{
    char file[PATH_MAX];
    struct outcome outcome;
    char expected[200];
    char value[200];

    snprintf(file, sizeof file, "%s", path);
    outcome = run_with(file, "ZMALLOC_BACKEND=native", "ZMALLOC_DEBUG");
    snprintf(expected, sizeof expected, "native\": failed to start: malloc is that of %s, ", name);
    assert_exited_with(&outcome, 78);
    assert_non_null(strstr(outcome.err, expected));
    outcome = run_with(file, "ZMALLOC_BACKEND=native,libc", "ZMALLOC_DEBUG");
    assert_exited_with(&outcome, 0);
    assert_string_equal(value_of(&outcome, "name", value), "libc");
    snprintf(expected, sizeof expected, "%s, malloc of %s", c_library_version(), name);
    assert_string_equal(value_of(&outcome, "version", value), expected);
}

static void native_does_not_start_over_a_malloc_without_sizes(void **state)
{
    struct outcome outcome = run_with("libmemusage.so", "ZMALLOC_BACKEND=libc", NULL);

    (void)state;
    assert_only_libc_starts(path_beside("sizeless-malloc.so"), "sizeless-malloc.so");
    if (was_preloaded(&outcome))
        assert_only_libc_starts("libmemusage.so", "libmemusage.so");
}

/* The address of malloc is then in the program, whoever asks for it. */
static void a_program_with_the_address_of_malloc_is_not_its_owner(void **state)
{
    const char *const arguments[] = {path_beside("address-program"), NULL};
    struct outcome outcome = run_program(arguments, NULL);
    char expected[200];

    (void)state;
    snprintf(expected, sizeof expected, "%s %s\n", backend_under_test(), c_library_version());
    assert_exited_with(&outcome, 0);
    assert_string_equal(outcome.out, expected);
}

#define PRELOAD_TEST(number)                                                                       \
    cmocka_unit_test_prestate_setup_teardown(uses_and_names_what_is_preloaded, NULL, NULL,         \
                                             (void *)(uintptr_t)&allocators[number])

int main(void)
{
    static const struct preloaded allocators[] = {
        {{"libjemalloc.so.2"}, "jemalloc"},
        {{"libtcmalloc_minimal.so.4"}, "tcmalloc"},
        {{"libmimalloc.so.3", "libmimalloc.so.2"}, "mimalloc"},
    };
    const struct CMUnitTest tests[] = {
        zm_test(names_the_c_library_alone_without),
        PRELOAD_TEST(0),
        PRELOAD_TEST(1),
        PRELOAD_TEST(2),
        zm_test(zeroed_blocks_are_zero_over_a_malloc_that_fills),
        zm_test(zeroed_blocks_are_zero_over_a_calloc_that_clears_less),
        zm_test(native_does_not_start_over_a_malloc_without_sizes),
        zm_test(a_program_with_the_address_of_malloc_is_not_its_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
