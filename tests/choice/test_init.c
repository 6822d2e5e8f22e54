/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc_init, and many threads that make the choice at once. */

#include "choice_support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMES 3

static void prints(const char *list, const char *const *words, const char *out)
{
    struct outcome outcome = run_chosen(list, NULL, words);

    assert_prints(&outcome, out);
}

/* ---- Nothing is active yet ---- */

static void nothing_is_the_default(void **state)
{
    struct outcome unset = run_chosen(NULL, NULL, WORDS("init", "-", "alloc", "name"));
    char out[NAME_SIZE + 8];

    (void)state;
    assert_prints(&unset, unset.out);
    snprintf(out, sizeof out, "0\n%s\n", DEFAULT_BACKEND);
    if (strchr(DEFAULT_BACKEND, ',') == NULL)
        assert_prints(&unset, out);
    prints(NULL, WORDS("init", "", "alloc", "name"), unset.out);
    prints(NULL, WORDS("init", " ,\t", "alloc", "name"), unset.out);
}

static void each_name_is_its_backend(void **state)
{
    const char *at = AVAILABLE;
    char name[NAME_SIZE];

    (void)state;
    while (next_name(&at, name)) {
        char list[128];
        char out[128];

        snprintf(out, sizeof out, "0\n%s\n", name);
        prints(NULL, WORDS("init", name, "alloc", "name"), out);
        prints("", WORDS("init", name, "name"), out);
        snprintf(list, sizeof list, "foo, FOO ,foo+libc,%s,libc", name);
        prints(NULL, WORDS("init", list, "alloc", "name"), out);
        snprintf(out, sizeof out, "0\n0\n0\n%s\n", name);
        prints(NULL, WORDS("init", name, "init", name, "init", list, "name"), out);
    }
}

static void an_unknown_name_changes_nothing(void **state)
{
    (void)state;
    prints(NULL, WORDS("init", "foo", "init", "libc", "alloc", "name"), "ENOENT\n0\nlibc\n");
    prints(NULL, WORDS("init", "foo,FOO,foo+libc", "init", "libc", "name"), "ENOENT\n0\nlibc\n");
    prints(NULL, WORDS("init", "../x", "init", "/abs/x.so", "init", "libc", "name"),
           "ENOENT\nENOENT\n0\nlibc\n");
    prints(NULL, WORDS("init", "foo", "alloc", "init", "-"), "ENOENT\n0\n");
}

/* dlerror() then answers in that language, if it is installed. */
static void the_language_makes_no_difference(void **state)
{
    (void)state;
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("LANGUAGE", "de", 1);
    prints(NULL, WORDS("locale", "init", "foo", "init", "libc", "name"), "ENOENT\n0\nlibc\n");
    unsetenv("LANGUAGE");
    unsetenv("LC_ALL");
}

/* ---- One is active ---- */

/* Names that are known in every build, whether available or not. */
static const char *one_but_the_default(void)
{
    struct outcome outcome = run_chosen(NULL, NULL, WORDS("name"));

    return strcmp(outcome.out, "native\n") == 0 ? "libc" : "native";
}

static void asking_for_the_name_is_a_choice(void **state)
{
    struct outcome outcome = run_chosen(NULL, NULL, WORDS("name"));
    char out[NAME_SIZE + 8];

    (void)state;
    snprintf(out, sizeof out, "%.*sEBUSY\n", NAME_SIZE, outcome.out);
    prints(NULL, WORDS("name", "init", one_but_the_default()), out);
}

static void after_the_first_block_it_is_too_late(void **state)
{
    const char *other = one_but_the_default();

    (void)state;
    prints(NULL, WORDS("alloc", "init", other, "alloc"), "EBUSY\n");
    prints(NULL, WORDS("alloc", "init", "foo", "alloc"), UNHEARD_OF_LATE "\n");
    prints(NULL, WORDS("alloc", "init", "foo," DEFAULT_BACKEND, "init", "-", "init", ""),
           "0\n0\n0\n");
}

static void an_earlier_call_stands(void **state)
{
    (void)state;
    prints(NULL, WORDS("init", "libc", "init", "native", "init", "foo,native", "name"),
           "0\nEBUSY\nEBUSY\nlibc\n");
    prints(NULL, WORDS("init", "libc", "init", "native,libc", "init", "-", "name"),
           "0\n0\n0\nlibc\n");
}

static void the_operators_choice_stands(void **state)
{
    const char *at = AVAILABLE;
    char name[NAME_SIZE];

    (void)state;
    while (next_name(&at, name)) {
        const char *other = strcmp(name, "libc") == 0 ? "native" : "libc";
        char out[128];

        snprintf(out, sizeof out, "EBUSY\n" UNHEARD_OF_LATE "\n0\n0\n%s\n", name);
        prints(name, WORDS("init", other, "init", "foo", "init", "-", "init", name, "name"), out);
        snprintf(out, sizeof out, "EBUSY\n0\n%s\n", name);
        prints(NULL, WORDS("setenv", name, "init", other, "init", name, "name"), out);
    }
}

/* ---- Long lists ---- */

#define MEBIBYTE ((size_t)1 << 20)

struct long_list {
    const char *pattern; /* repeated at its start */
    const char *end;
    int error;
};

/* In a child, because it makes the choice. */
static void choose_from_long_list(void *argument)
{
    const struct long_list *test = argument;
    char *list = malloc(MEBIBYTE + 1);
    int result;

    if (list == NULL)
        abort();
    for (size_t i = 0; i < MEBIBYTE; i++)
        list[i] = test->pattern[i % strlen(test->pattern)];
    snprintf(list + MEBIBYTE - strlen(test->end), strlen(test->end) + 1, "%s", test->end);
    result = zmalloc_init(list);
    printf("%d", result == 0 ? 0 : errno);
    free(list);
}

static void a_list_of_1_mib(void **state)
{
    struct long_list lists[] = {{"a", "", ENOENT},   {"a", ",libc", 0},  {" ", "libc", 0},
                                {",", "libc", 0},    {"A,", ",libc", 0}, {"\xff", "", ENOENT},
                                {"../", "", ENOENT}, {"d+,", ",libc", 0}};

    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct outcome outcome = run_child(choose_from_long_list, &lists[i]);
        char out[16];

        snprintf(out, sizeof out, "%d", lists[i].error);
        assert_prints(&outcome, out);
    }
}

/* ---- Races, in a new process each time ---- */

static void the_first_blocks_race(void **state)
{
    const char *at = AVAILABLE;
    char name[NAME_SIZE];

    (void)state;
    while (next_name(&at, name))
        for (size_t i = 0; i < scaled(TIMES); i++) {
            char out[NAME_SIZE + 8];

            snprintf(out, sizeof out, "one\n%s\n", name);
            prints(NULL, WORDS("race-init", name, "name"), out);
            prints(name, WORDS("race", "name"), out);
            prints(NULL, WORDS("race"), "one\n");
        }
}

static void calls_of_init_race(void **state)
{
    char lists[] = AVAILABLE;

    (void)state;
    for (char *blank = strchr(lists, ' '); blank != NULL; blank = strchr(blank, ' '))
        *blank = ':';
    for (size_t i = 0; i < scaled(2 * TIMES); i++)
        prints(NULL, WORDS("race-init", lists), "one\n");
    prints("libc", WORDS("race-init", lists, "name"), "one\nlibc\n");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        zm_test(nothing_is_the_default),
        zm_test(each_name_is_its_backend),
        zm_test(an_unknown_name_changes_nothing),
        zm_test(the_language_makes_no_difference),
        zm_test(asking_for_the_name_is_a_choice),
        zm_test(after_the_first_block_it_is_too_late),
        zm_test(an_earlier_call_stands),
        zm_test(the_operators_choice_stands),
        zm_test(a_list_of_1_mib),
        zm_test(the_first_blocks_race),
        zm_test(calls_of_init_race),
    };

    find_chosen(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
