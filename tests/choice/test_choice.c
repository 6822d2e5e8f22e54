/* SPDX-License-Identifier: BSD-3-Clause */

/* What each value of ZMALLOC_BACKEND leads to: a backend, or a message and status 78. */

#include "choice_support.h"

#include <stdio.h>
#include <string.h>

static void runs_on(const char *list, const char *name)
{
    struct outcome outcome = run_chosen(list, NULL, WORDS("alloc", "name"));
    char line[NAME_SIZE + 1];

    snprintf(line, sizeof line, "%s\n", name);
    assert_prints(&outcome, line);
}

static void refuses(const char *list, const char *err)
{
    struct outcome outcome = run_chosen(list, NULL, WORDS("secure"));

    assert_refused(&outcome, err);
}

/* ---- What runs ---- */

static void nothing_means_the_default(void **state)
{
    static const char *const nothing[] = {"", " ", " \t ", ",", ",,,", " , \t,\n, \r"};
    struct outcome unset = run_chosen(NULL, NULL, WORDS("alloc", "name"));

    (void)state;
    if (strchr(DEFAULT_BACKEND, ',') == NULL)
        assert_prints(&unset, DEFAULT_BACKEND "\n");
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        struct outcome outcome = run_chosen(nothing[i], NULL, WORDS("alloc", "name"));

        assert_prints(&outcome, unset.out);
    }
}

static void each_name_is_its_backend(void **state)
{
    const char *at = AVAILABLE;
    char name[NAME_SIZE];

    (void)state;
    while (next_name(&at, name))
        runs_on(name, name);
}

/* For a build that lacks some backends. */
static void what_was_not_built_is_refused(void **state)
{
    struct zmalloc_backend_info info = {.struct_size = sizeof info};
    size_t refused = 0;

    (void)state;
    for (size_t i = 0; zmalloc_get_backend_info(i, &info) == 0; i++) {
        char line[512];

        if (info.state != ZMALLOC_BACKEND_NOT_BUILT)
            continue;
        refused++;
        assert_memory_equal(info.why, "not in this build: ", strlen("not in this build: "));
        snprintf(line, sizeof line,
                 "zmalloc: ZMALLOC_BACKEND=\"%s\": \"%s\": %s; available: " AVAILABLE "\n",
                 info.name, info.name, info.why);
        refuses(info.name, line);
        snprintf(line, sizeof line, "%s,libc", info.name);
        runs_on(line, "libc");
    }
    if (refused == 0)
        skip();
}

static void the_first_that_starts_is_taken(void **state)
{
    const char *at = AVAILABLE;
    char name[NAME_SIZE];
    char list[128];

    (void)state;
    while (next_name(&at, name)) {
        snprintf(list, sizeof list, "foo,%s,libc", name);
        runs_on(list, name);
        snprintf(list, sizeof list, "FOO,foo+libc,../x,%s,foo", name);
        runs_on(list, name);
    }
}

static void blanks_and_empty_elements_are_dropped(void **state)
{
    const char *at = AVAILABLE;
    char name[NAME_SIZE];
    char list[128];

    (void)state;
    while (next_name(&at, name)) {
        snprintf(list, sizeof list, " \t%s\r\n ", name);
        runs_on(list, name);
        snprintf(list, sizeof list, ", ,\t%s ,, libc,", name);
        runs_on(list, name);
    }
}

static void a_duplicate_does_no_harm(void **state)
{
    (void)state;
    runs_on("libc,libc", "libc");
    runs_on("foo,libc,foo,libc", "libc");
    refuses("foo,foo", REFUSED("foo,foo", "foo", "unknown backend")
                           REFUSED("foo,foo", "foo", "unknown backend"));
}

/* ---- What does not ---- */

static void an_unknown_name_is_named(void **state)
{
    (void)state;
    refuses("foo", REFUSED("foo", "foo", "unknown backend"));
    refuses(" foo ", REFUSED(" foo ", "foo", "unknown backend"));
    refuses("foo,,bar", REFUSED("foo,,bar", "foo", "unknown backend")
                            REFUSED("foo,,bar", "bar", "unknown backend"));
}

static void a_blank_within_a_name_stays(void **state)
{
    (void)state;
    refuses("lib c", REFUSED("lib c", "lib c", NOT_A_NAME));
    refuses("libc native", REFUSED("libc native", "libc native", NOT_A_NAME));
    refuses("libc;native", REFUSED("libc;native", "libc;native", NOT_A_NAME));
}

static void upper_case_is_another_name(void **state)
{
    (void)state;
    refuses("LIBC", REFUSED("LIBC", "LIBC", NOT_A_NAME));
    refuses("Libc,FOO",
            REFUSED("Libc,FOO", "Libc", NOT_A_NAME) REFUSED("Libc,FOO", "FOO", NOT_A_NAME));
}

static void a_path_is_no_name(void **state)
{
    (void)state;
    refuses("../x", REFUSED("../x", "../x", NOT_A_NAME));
    refuses("/abs/x.so", REFUSED("/abs/x.so", "/abs/x.so", NOT_A_NAME));
    refuses("./libc", REFUSED("./libc", "./libc", NOT_A_NAME));
    refuses(".", REFUSED(".", ".", NOT_A_NAME));
}

#define NAME_OF_31 "abcdefghijklmnopqrstuvwxyz01234"

static void names_have_31_characters_at_most(void **state)
{
    (void)state;
    refuses(NAME_OF_31, REFUSED(NAME_OF_31, NAME_OF_31, "unknown backend"));
    refuses(NAME_OF_31 "5", REFUSED(NAME_OF_31 "5", NAME_OF_31 "5", NOT_A_NAME));
    refuses("_-", REFUSED("_-", "_-", "unknown backend"));
}

/* ---- How it is shown ---- */

static void bytes_are_escaped(void **state)
{
    (void)state;
    refuses("caf\xc3\xa9", REFUSED("caf\\xc3\\xa9", "caf\\xc3\\xa9", NOT_A_NAME));
    refuses("\x01\x1b[2J\x7f\xff",
            REFUSED("\\x01\\x1b[2J\\x7f\\xff", "\\x01\\x1b[2J\\x7f\\xff", NOT_A_NAME));
    refuses("a\nb\n", REFUSED("a\\x0ab\\x0a", "a\\x0ab", NOT_A_NAME));
    refuses("%s%n", REFUSED("%s%n", "%s%n", NOT_A_NAME));
    refuses("a\"b\\c", REFUSED("a\\x22b\\x5cc", "a\\x22b\\x5cc", NOT_A_NAME));
}

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define TEN_AS "aaaaaaaaaa"
#define SIXTY_AS TEN_AS TEN_AS TEN_AS TEN_AS TEN_AS TEN_AS

static void the_value_is_cut_after_64_bytes(void **state)
{
    (void)state;
    refuses(SIXTY "abcd", REFUSED(SIXTY "abcd", SIXTY "abcd", NOT_A_NAME));
    refuses(SIXTY "abcde", REFUSED(SIXTY "abcd...", SIXTY "abcd...", NOT_A_NAME));
    refuses(SIXTY ",foo", REFUSED(SIXTY ",foo", SIXTY, NOT_A_NAME)
                              REFUSED(SIXTY ",foo", "foo", "unknown backend"));
}

/* As long as the system allows a variable to be. */
static void a_value_of_128_kib(void **state)
{
    static char list[(1 << 17) - sizeof "ZMALLOC_BACKEND="];
    size_t end = sizeof list - sizeof ",libc";

    (void)state;
    memset(list, 'a', sizeof list - 1);
    refuses(list, REFUSED(SIXTY_AS "aaaa...", SIXTY_AS "aaaa...", NOT_A_NAME));
    memcpy(list + end, ",libc", sizeof ",libc");
    runs_on(list, "libc");
    memset(list, ' ', end);
    runs_on(list, "libc");
    memset(list, ',', end);
    runs_on(list, "libc");
    memset(list, '\xff', end);
    runs_on(list, "libc");
}

/* ---- Set by the program ---- */

static void after_the_choice_the_variable_is_nothing(void **state)
{
    struct outcome outcome;

    (void)state;
    outcome = run_chosen("libc", NULL, WORDS("setenv", "foo", "name", "alloc", "name"));
    assert_prints(&outcome, "libc\nlibc\n");
    outcome = run_chosen(NULL, NULL, WORDS("init", "libc", "setenv", "foo", "alloc", "name"));
    assert_prints(&outcome, "0\nlibc\n");
    outcome =
        run_chosen("libc", NULL, WORDS("alloc", "setenv", "foo", "alloc", "init", "libc", "name"));
    assert_prints(&outcome, "0\nlibc\n");
}

static void before_zmalloc_init_it_counts(void **state)
{
    const char *at = AVAILABLE;
    char name[NAME_SIZE];

    (void)state;
    while (next_name(&at, name)) {
        char lines[NAME_SIZE + 3];
        struct outcome outcome =
            run_chosen(NULL, NULL, WORDS("setenv", name, "init", "-", "alloc", "name"));

        snprintf(lines, sizeof lines, "0\n%s\n", name);
        assert_prints(&outcome, lines);
    }
}

/* A first allocation does not read a variable that another thread may be changing. */
static void a_block_does_not_look_at_it(void **state)
{
    struct outcome unset = run_chosen(NULL, NULL, WORDS("alloc", "name"));
    struct outcome outcome = run_chosen(NULL, NULL, WORDS("setenv", "foo", "alloc", "name"));

    (void)state;
    assert_prints(&outcome, unset.out);
}

/* Also if each call of zmalloc_init() finds another value. */
static void the_last_that_was_read_counts(void **state)
{
    struct outcome outcome;

    (void)state;
    outcome = run_chosen(NULL, NULL,
                         WORDS("setenv", "foo", "init", "-", "setenv", "bar", "init", "-", "setenv",
                               "libc", "alloc"));
    assert_exited_with(&outcome, 78);
    assert_string_equal(outcome.out, "ENOENT\nENOENT\n");
    assert_err_is(&outcome, REFUSED("bar", "bar", "unknown backend"));
}

static void a_bad_one_ends_the_program_at_its_first_block(void **state)
{
    struct outcome outcome =
        run_chosen(NULL, NULL, WORDS("setenv", "foo", "init", "libc", "alloc", "name"));

    (void)state;
    assert_exited_with(&outcome, 78);
    assert_string_equal(outcome.out, "ENOENT\n");
    assert_err_is(&outcome, REFUSED("foo", "foo", "unknown backend"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        zm_test(nothing_means_the_default),
        zm_test(each_name_is_its_backend),
        zm_test(what_was_not_built_is_refused),
        zm_test(the_first_that_starts_is_taken),
        zm_test(blanks_and_empty_elements_are_dropped),
        zm_test(a_duplicate_does_no_harm),
        zm_test(an_unknown_name_is_named),
        zm_test(a_blank_within_a_name_stays),
        zm_test(upper_case_is_another_name),
        zm_test(a_path_is_no_name),
        zm_test(names_have_31_characters_at_most),
        zm_test(bytes_are_escaped),
        zm_test(the_value_is_cut_after_64_bytes),
        zm_test(a_value_of_128_kib),
        zm_test(after_the_choice_the_variable_is_nothing),
        zm_test(before_zmalloc_init_it_counts),
        zm_test(a_block_does_not_look_at_it),
        zm_test(the_last_that_was_read_counts),
        zm_test(a_bad_one_ends_the_program_at_its_first_block),
    };

    find_chosen(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
