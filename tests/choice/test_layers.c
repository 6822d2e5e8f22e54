/* SPDX-License-Identifier: BSD-3-Clause */

/* Layers over a backend: named with it, or added by their variables. */

#include "choice_support.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exercise.h"
#include "zmalloc_backend.h"
#include "zmalloc_fail.h"

/* Harmless options: the layer is present, and nothing fails. */
#define FAIL_OPTIONS "rate:0"

static void prints(const char *list, const char *const *words, const char *out)
{
    struct outcome outcome = run_chosen(list, NULL, words);

    assert_prints(&outcome, out);
}

static void refuses(const char *list, const char *err)
{
    struct outcome outcome = run_chosen(list, NULL, WORDS("alloc", "name"));

    assert_refused(&outcome, err);
}

/* Runs body for each backend of this build. */
static void for_each_backend(void (*body)(const char *name))
{
    const char *at = AVAILABLE;
    char name[NAME_SIZE];

    while (next_name(&at, name))
        body(name);
}

/* ---- Named ---- */

static void check_named(const char *name)
{
    char list[128];
    char out[256];

    snprintf(list, sizeof list, "fail+%s", name);
    snprintf(out, sizeof out, "%s\n", list);
    prints(list, WORDS("alloc", "name"), out);
    snprintf(list, sizeof list, "foo+%s, fail+foo,,\tfail+%s ,libc", name, name);
    prints(list, WORDS("alloc", "name"), out);
    snprintf(list, sizeof list, "fail+%s", name);
    snprintf(out, sizeof out, "0\n%s\n", list);
    prints(NULL, WORDS("init", list, "alloc", "name"), out);
}

static void a_layer_stands_over_every_backend(void **state)
{
    (void)state;
    for_each_backend(check_named);
}

#define UNKNOWN(list, layer)                                                                       \
    REFUSED(list, list, "unknown layer \"" layer "\" (known: fail debug sample)")

static void an_unknown_layer_is_named(void **state)
{
    (void)state;
    refuses("foo+libc", UNKNOWN("foo+libc", "foo"));
    refuses("a+b+libc", UNKNOWN("a+b+libc", "a"));
    refuses("fail+b+libc", UNKNOWN("fail+b+libc", "b"));
    refuses("+libc", UNKNOWN("+libc", ""));
    refuses("libc+", UNKNOWN("libc+", "libc"));
    refuses("FAIL+libc", UNKNOWN("FAIL+libc", "FAIL"));
    refuses("fail +libc", UNKNOWN("fail +libc", "fail "));
    refuses("fai+libc", UNKNOWN("fai+libc", "fai"));
}

static void what_is_below_is_a_backend(void **state)
{
    (void)state;
    refuses("fail+", REFUSED("fail+", "fail+", NOT_A_NAME));
    refuses("fail+foo", REFUSED("fail+foo", "fail+foo", "unknown backend"));
    refuses("fail+ libc", REFUSED("fail+ libc", "fail+ libc", NOT_A_NAME));
    refuses("fail", REFUSED("fail", "fail", "unknown backend"));
}

static void each_layer_stands_there_once(void **state)
{
    (void)state;
    refuses("fail+fail+libc",
            REFUSED("fail+fail+libc", "fail+fail+libc", "it has twice the layer \"fail\""));
    prints("fail+fail+libc,libc", WORDS("alloc", "name"), "libc\n");
}

/* ---- Asked for by a variable ---- */

static void check_asked_for(const char *name)
{
    char list[128];
    char out[256];

    snprintf(out, sizeof out, "fail+%s\n", name);
    prints(name, WORDS("alloc", "name"), out);
    snprintf(list, sizeof list, "fail+%s", name);
    prints(list, WORDS("alloc", "name"), out);
    snprintf(out, sizeof out, "0\nfail+%s\n", name);
    prints(NULL, WORDS("init", name, "alloc", "name"), out);
    prints(NULL, WORDS("init", list, "alloc", "name"), out);
}

static void a_variable_puts_its_layer_there(void **state)
{
    (void)state;
    setenv("ZMALLOC_FAIL", FAIL_OPTIONS, 1);
    for_each_backend(check_asked_for);
    setenv("ZMALLOC_FAIL", "", 1);
    prints("libc", WORDS("alloc", "name"), "libc\n");
    setenv("ZMALLOC_FAIL", " ", 1);
    prints("libc", WORDS("alloc", "name"), "fail+libc\n");
    unsetenv("ZMALLOC_FAIL");
    prints("libc", WORDS("alloc", "name"), "libc\n");
}

#define FAIL_REFUSED(value, why) "zmalloc: ZMALLOC_FAIL=\"" value "\": " why "\n"
#define NEEDS_COUNT(rule) "rule 1 must be " rule ":N with N from 1 on"
#define NEEDS_RATE                                                                                 \
    "rule 2 must be rate:P or rate:P:SEED with P from 0 to 1, at most 9 digits after the point, "  \
    "and SEED up to 4294967295"
#define NEEDS_SIZE "rule 1 must be size>=S with S a number of bytes, or of k, m or g, say 64k"
#define NO_RULE(number)                                                                            \
    "rule " number " is none of nth:N, from:N, every:N, rate:P[:SEED] and size>=S"

static void bad_options_end_the_program(void **state)
{
    static const char bad[] = FAIL_REFUSED("nth:0\\x0a", NEEDS_COUNT("nth"));
    struct outcome outcome;

    (void)state;
    setenv("ZMALLOC_FAIL", "nth:0\n", 1);
    refuses("libc", bad);
    refuses("foo,libc,fail+libc", REFUSED("foo,libc,fail+libc", "foo", "unknown backend")
                                      FAIL_REFUSED("nth:0\\x0a", NEEDS_COUNT("nth")));
    outcome = run_chosen(NULL, NULL, WORDS("init", "libc", "init", "fail+libc", "alloc"));
    assert_exited_with(&outcome, 78);
    assert_string_equal(outcome.out, "EINVAL\nEINVAL\n");
    assert_err_is(&outcome, bad);
    unsetenv("ZMALLOC_FAIL");
}

static void each_rule_says_what_it_must_be(void **state)
{
    static const struct {
        const char *options;
        const char *err;
    } cases[] = {
        {"nth:x", FAIL_REFUSED("nth:x", NEEDS_COUNT("nth"))},
        {"from:", FAIL_REFUSED("from:", NEEDS_COUNT("from"))},
        {"every:0", FAIL_REFUSED("every:0", NEEDS_COUNT("every"))},
        {"nth:1,rate:2", FAIL_REFUSED("nth:1,rate:2", NEEDS_RATE)},
        {"size>=x", FAIL_REFUSED("size>=x", NEEDS_SIZE)},
        {"nth:1,,nth:2", FAIL_REFUSED("nth:1,,nth:2", "rule 2 is a second nth:, there may be one")},
        {"nth:1,from:2,last:3", FAIL_REFUSED("nth:1,from:2,last:3", NO_RULE("3"))},
        {"\xc3\xa9", FAIL_REFUSED("\\xc3\\xa9", NO_RULE("1"))},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setenv("ZMALLOC_FAIL", cases[i].options, 1);
        refuses("libc", cases[i].err);
    }
    unsetenv("ZMALLOC_FAIL");
}

static void the_options_are_obeyed(void **state)
{
    struct outcome outcome;

    (void)state;
    setenv("ZMALLOC_FAIL", "nth:2", 1);
    outcome = run_chosen(NULL, NULL, WORDS("alloc", "name", "alloc"));
    assert_killed_by(&outcome, SIGABRT);
    assert_err_is(&outcome, "zmalloc: Out of memory trying to allocate 100 bytes\n");
    prints("libc", WORDS("fail", "-", "alloc", "alloc", "name"), "0\nfail+libc\n");
    unsetenv("ZMALLOC_FAIL");
}

static void rules_need_the_layer(void **state)
{
    (void)state;
    prints(NULL, WORDS("init", "libc", "fail", "nth:1", "alloc"), "0\nENOTSUP\n");
    prints("libc", WORDS("fail", "-", "fail", "foo"), "ENOTSUP\nENOTSUP\n");
    prints("fail+libc", WORDS("fail", "nth:2", "alloc", "fail", "foo"), "0\nEINVAL\n");
    prints(NULL, WORDS("init", "fail+libc", "fail", "nth:2", "alloc"), "0\n0\n");
    prints(NULL, WORDS("setenv", "fail+libc", "init", "-", "fail", "nth:2", "name"),
           "0\n0\nfail+libc\n");
}

/* ---- With one active ---- */

static void check_with_active(const char *name)
{
    const char *other = strcmp(name, "libc") == 0 ? "native" : "libc";
    char layered[128];
    char out[256];

    snprintf(layered, sizeof layered, "fail+%s", name);
    snprintf(out, sizeof out, "0\n0\nEBUSY\nENOENT\nENOENT\n0\n%s\n", layered);
    prints(layered,
           WORDS("init", name, "init", layered, "init", other, "init", "foo+libc", "init",
                 "fail+fail+libc", "init", "-", "name"),
           out);
    prints(name, WORDS("init", layered), "EBUSY\n");
    setenv("ZMALLOC_FAIL", FAIL_OPTIONS, 1);
    prints(name,
           WORDS("init", name, "init", layered, "init", other, "init", "foo+libc", "init",
                 "fail+fail+libc", "init", "-", "name"),
           out);
    unsetenv("ZMALLOC_FAIL");
}

static void a_name_is_compared_without_what_was_not_asked_for(void **state)
{
    (void)state;
    for_each_backend(check_with_active);
}

/* ---- Over a backend of the program's, in a child ---- */

#define NAME_OF_31 "abcdefghijklmnopqrstuvwxyz01234"

static struct zmalloc_backend backend;
static size_t starts;

static int count_start(const char **why)
{
    (void)why;
    starts++;
    return 0;
}

static int inits(const char *list)
{
    return zmalloc_init(list) == 0 ? 0 : errno;
}

static void register_backend(const char *name)
{
    backend = zmalloc_backend_module;
    backend.name = name;
    backend.start = count_start;
    check(zmalloc_register_backend(&backend) == 0);
}

static void refuse_then_choose(void *argument)
{
    (void)argument;
    register_backend("mine");
    setenv("ZMALLOC_FAIL", "nth:0", 1);
    check(inits("mine") == EINVAL && inits("fail+mine") == EINVAL && inits("foo,mine") == EINVAL);
    setenv("ZMALLOC_FAIL", "", 1);
    check(inits("mine") == 0 && starts == 1);
    check(strcmp(zmalloc_backend_name(), "mine") == 0);
    exercise_functions();
}

static void a_refused_backend_is_not_started_again(void **state)
{
    struct outcome outcome = run_child(refuse_then_choose, NULL);

    (void)state;
    assert_prints(&outcome, "");
}

static void exercise_the_longest_name(void *argument)
{
    (void)argument;
    register_backend(NAME_OF_31);
    check(inits("fail+" NAME_OF_31) == 0 && starts == 1);
    check(strcmp(zmalloc_backend_name(), "fail+" NAME_OF_31) == 0);
    check(strcmp(ZMALLOC_LIB, "fail+" NAME_OF_31 "-1.0") == 0);
    check(strcmp(backend.name, NAME_OF_31) == 0);
    exercise_functions();
    check(zmalloc_fail_requests() > 0);
}

static void a_registered_one_takes_a_layer(void **state)
{
    struct outcome outcome = run_child(exercise_the_longest_name, NULL);

    (void)state;
    assert_prints(&outcome, "");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        zm_test(a_layer_stands_over_every_backend),
        zm_test(an_unknown_layer_is_named),
        zm_test(what_is_below_is_a_backend),
        zm_test(each_layer_stands_there_once),
        zm_test(a_variable_puts_its_layer_there),
        zm_test(bad_options_end_the_program),
        zm_test(each_rule_says_what_it_must_be),
        zm_test(the_options_are_obeyed),
        zm_test(rules_need_the_layer),
        zm_test(a_name_is_compared_without_what_was_not_asked_for),
        zm_test(a_refused_backend_is_not_started_again),
        zm_test(a_registered_one_takes_a_layer),
    };

    find_chosen(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
