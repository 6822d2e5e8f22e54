/* SPDX-License-Identifier: BSD-3-Clause */

/* A program seen only from outside, with a failure at every request it makes, once or from then on:
 * it either completes as usual, or ends with the line of the default handler and nothing else. */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "support.h"

/* Each request up to this one, then steps that grow. */
#define ONE_BY_ONE 64

static struct outcome count_words(const char *rules)
{
    const char *program = path_beside("../../examples/wordcount");
    char variable[64];

    snprintf(variable, sizeof variable, "ZMALLOC_FAIL=%s", rules);
    return run_program((const char *const[]){program, WORDCOUNT_TEXT, NULL},
                       (const char *const[]){variable, NULL});
}

/* Its output up to the line about memory and time, which differs from run to run. */
static size_t length_of_counts(const char *out)
{
    const char *memory = strstr(out, "\nbackend=");

    assert_non_null(memory);
    return (size_t)(memory - out) + 1;
}

static void assert_completed(const struct outcome *outcome, const struct outcome *undisturbed)
{
    size_t length = length_of_counts(undisturbed->out);
    char memory[64];

    assert_exited_with(outcome, 0);
    assert_err_is(outcome, "");
    assert_int_equal(length_of_counts(outcome->out), length);
    assert_memory_equal(outcome->out, undisturbed->out, length);
    snprintf(memory, sizeof memory, "backend=%s ", backend_under_test());
    assert_memory_equal(outcome->out + length, memory, strlen(memory));
}

static void assert_gave_up(const struct outcome *outcome)
{
    char line[100] = "";
    size_t size;

    assert_killed_by(outcome, SIGABRT);
    assert_string_equal(outcome->out, "");
    if (sscanf(outcome->err, "zmalloc: Out of memory trying to allocate %zu bytes", &size) == 1)
        snprintf(line, sizeof line, "zmalloc: Out of memory trying to allocate %zu bytes\n", size);
    assert_err_is(outcome, line);
    assert_true(line[0] != '\0');
}

static size_t next(size_t nth)
{
    return nth < ONE_BY_ONE ? nth + 1 : nth + 1 + nth / scaled(4);
}

/* Every failure reaches the handler, so the first run that completes had none. */
static void fail_at_each(const char *rule)
{
    struct outcome undisturbed = count_words("rate:0");
    size_t nth;

    for (nth = 1;; nth = next(nth)) {
        struct outcome outcome;
        char rules[32];

        snprintf(rules, sizeof rules, "%s:%zu", rule, nth);
        outcome = count_words(rules);
        if (WIFEXITED(outcome.status)) {
            assert_completed(&outcome, &undisturbed);
            break;
        }
        assert_gave_up(&outcome);
    }
    assert_true(nth > ONE_BY_ONE);
}

static void a_failure_at_each_request(void **state)
{
    (void)state;
    fail_at_each("nth");
}

static void failures_from_each_request_on(void **state)
{
    (void)state;
    fail_at_each("from");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(a_failure_at_each_request),
        zm_test(failures_from_each_request_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
