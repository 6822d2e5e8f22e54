/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc_stats_in_handler(): the contract of the other forms, and a storm of signals that interrupt
 * allocations, and questions to the allocator. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "records.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static void wrong_forms_are_refused(void **state)
{
    static const char *const wrong[] = {"", "xml", "jso", "jsonl", "JSON"};
    char text[10] = "untouched";

    (void)state;
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        errno = 0;
        assert_int_equal(zmalloc_stats_in_handler(wrong[i], text, sizeof text), -1);
        assert_int_equal(errno, EINVAL);
        assert_string_equal(text, "untouched");
    }
}

static void the_contract_is_that_of_the_others(void **state)
{
    static const char *const names[] = {"text", "json", "prometheus"};
    static const char *const begins[] = {"zmalloc ", "{\"schema\":1,", "# HELP zmalloc_info "};
    char text[8192];
    char cut[20];

    (void)state;
    for (size_t i = 0; i < LENGTH(names); i++) {
        int length;

        errno = EDOM;
        length = zmalloc_stats_in_handler(names[i], text, sizeof text);
        assert_between(length, 1, sizeof text - 1);
        assert_int_equal(strlen(text), length);
        assert_int_equal(strncmp(text, begins[i], strlen(begins[i])), 0);
        assert_non_null(strstr(text, zmalloc_backend_version()));
        assert_true(zmalloc_stats_in_handler(names[i], NULL, 0) > 0);
        assert_true(zmalloc_stats_in_handler(names[i], cut, sizeof cut) > (int)sizeof cut);
        assert_int_equal(strlen(cut), sizeof cut - 1);
        assert_int_equal(errno, EDOM);
    }
}

static void the_allocator_is_not_asked(void **state)
{
    char text[8192];

    (void)state;
    assert_true(zmalloc_stats_in_handler("json", text, sizeof text) > 0);
    assert_allocator_unknown(text);
    assert_non_null(strstr(text, "\"rss_overhead\":null"));
}

/* Every second block is one for which an allocator takes its locks. */
static size_t next_size(uint64_t *random)
{
    uint64_t number = next_random(random);

    return 1 + (size_t)(number / 2 % (number % 2 == 0 ? 3000 : 300000));
}

static void *churn(void *argument)
{
    uint64_t random = (uint64_t)(uintptr_t)argument;
    void *blocks[32] = {NULL};

    for (size_t i = 0; i < 300; i++) {
        size_t place = next_random(&random) % LENGTH(blocks);

        zfree(blocks[place]);
        blocks[place] = zmalloc(next_size(&random));
    }
    for (size_t i = 0; i < LENGTH(blocks); i++)
        zfree(blocks[i]);
    return argument;
}

static atomic_bool stop;

static void *churn_on(void *argument)
{
    while (!atomic_load(&stop))
        churn(argument);
    return argument;
}

static atomic_uint answers;
static atomic_bool is_wrong;

static const char begin[] = "{\"schema\":1,";

static void judge(const char *text, size_t size, int length)
{
    if (length <= 0 || (size_t)length >= size || text[length - 1] != '}' ||
        strncmp(text, begin, strlen(begin)) != 0)
        atomic_store(&is_wrong, true);
    atomic_fetch_add(&answers, 1);
}

static void answer_in_handler(int number)
{
    char text[4096];

    (void)number;
    judge(text, sizeof text, zmalloc_stats_in_handler("json", text, sizeof text));
}

/* May be called because it interrupts nothing but itself. */
static void answer_again(int number)
{
    char text[4096];

    (void)number;
    judge(text, sizeof text, zmalloc_stats_json(text, sizeof text));
}

static void *ask_on(void *argument)
{
    char text[4096];

    while (!atomic_load(&stop))
        child_check(zmalloc_stats_json(text, sizeof text) > 0);
    return argument;
}

static void handle_with(int number, void (*handler)(int number))
{
    struct sigaction action = {.sa_flags = SA_RESTART};

    action.sa_handler = handler;
    child_check(sigaction(number, &action, NULL) == 0);
}

/* A sanitizer delivers few, and under valgrind each takes long. */
static void storm(void *argument)
{
    time_t end = time(NULL) + 5;
    pthread_t churning;
    pthread_t asking;

    (void)argument;
    handle_with(SIGUSR1, answer_in_handler);
    handle_with(SIGUSR2, answer_again);
    child_check(pthread_create(&churning, NULL, churn_on, &answers) == 0);
    child_check(pthread_create(&asking, NULL, ask_on, NULL) == 0);
    while (atomic_load(&answers) < scaled(1500) && time(NULL) < end) {
        unsigned before = atomic_load(&answers);

        child_check(pthread_kill(churning, SIGUSR1) == 0 && pthread_kill(asking, SIGUSR2) == 0);
        while (atomic_load(&answers) == before && time(NULL) < end)
            churn(&end);
    }
    atomic_store(&stop, true);
    child_check(pthread_join(churning, NULL) == 0 && pthread_join(asking, NULL) == 0);
    child_check(atomic_load(&answers) > 0 && !atomic_load(&is_wrong));
    child_check(zmalloc_used_memory() == 0);
}

static void handlers_may_ask_at_any_moment(void **state)
{
    struct outcome outcome = run_child(storm, NULL);

    (void)state;
    assert_exited_with(&outcome, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(wrong_forms_are_refused),
        zm_test(the_contract_is_that_of_the_others),
        zm_test(the_allocator_is_not_asked),
        zm_test(handlers_may_ask_at_any_moment),
    };

    zfree(zmalloc(1));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
