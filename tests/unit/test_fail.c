/* SPDX-License-Identifier: BSD-3-Clause */

/* The layer "fail": which requests each rule makes fail, and what is counted. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"
#include "zmalloc_fail.h"

static void obey(const char *rules)
{
    assert_int_equal(zmalloc_fail(rules), 0);
    assert_int_equal(zmalloc_fail_requests(), 0);
    assert_int_equal(zmalloc_fail_failures(), 0);
}

static int obey_nothing(void **state)
{
    zmalloc_fail(NULL);
    return teardown_nothing_used(state);
}

#define fail_test(function) cmocka_unit_test_teardown(function, obey_nothing)

static bool is_served(size_t size)
{
    void *block = ztrymalloc(size);
    bool is = block != NULL;

    if (!is)
        assert_int_equal(errno, ENOMEM);
    zfree(block);
    return is;
}

#define MOST_REQUESTS 64

/* Expects as many requests as pattern has characters: . succeeds, x fails. */
static void gives_for(size_t size, const char *rules, const char *pattern)
{
    char found[MOST_REQUESTS + 1] = "";
    size_t failures = 0;

    obey(rules);
    for (size_t i = 0; i < strlen(pattern); i++) {
        found[i] = is_served(size) ? '.' : 'x';
        failures += pattern[i] == 'x';
    }
    assert_string_equal(found, pattern);
    assert_int_equal(zmalloc_fail_requests(), strlen(pattern));
    assert_int_equal(zmalloc_fail_failures(), failures);
}

static void gives(const char *rules, const char *pattern)
{
    gives_for(100, rules, pattern);
}

/* ---- Each rule ---- */

static void without_rules_nothing_fails(void **state)
{
    (void)state;
    gives(NULL, "............");
    gives("", "............");
    gives(" ,\t,\r\n", "............");
}

static void nth_fails_once(void **state)
{
    (void)state;
    gives("nth:1", "x...........");
    gives("nth:3", "..x.........");
    gives("nth:0012", "...........x");
    gives("nth:99999999999999999999999999", "............");
}

static void from_fails_from_then_on(void **state)
{
    (void)state;
    gives("from:1", "xxxxxxxxxxxx");
    gives("from:11", "..........xx");
    gives("from:13", "............");
}

static void every_fails_again_and_again(void **state)
{
    (void)state;
    gives("every:1", "xxxxxxxxxxxx");
    gives("every:3", "..x..x..x..x");
    gives("every:13", "............");
}

static void any_rule_is_enough(void **state)
{
    (void)state;
    gives("nth:2,every:5", ".x..x....x..");
    gives(" every:5 ,, nth:5", "....x....x..");
    gives("nth:1,from:10,every:4,rate:0", "x..x...x.xxx");
    gives("rate:1,nth:2", "xxxxxxxxxxxx");
}

/* ---- At random ---- */

static void rate_draws_the_same_everywhere(void **state)
{
    (void)state;
    gives("rate:0", "............");
    gives("rate:0.0:5", "............");
    gives("rate:1", "xxxxxxxxxxxx");
    gives("rate:1.000000000:0", "xxxxxxxxxxxx");
    gives("rate:0.5:7", "...x.xxxx.xx..x..xx.xx..x.xx.x.x....x.x.xxx..xx.");
    gives("rate:0.5:4294967295", ".........x..xxx.xx....x....x..x....x.x.x.x.x...x");
    gives("rate:0.1", "...x............x..............x...x..x..x......");
    gives("rate:0.1:1", "...x............x..............x...x..x..x......");
}

static size_t failures_of(const char *rules, size_t count)
{
    obey(rules);
    for (size_t i = 0; i < count; i++)
        is_served(8);
    return zmalloc_fail_failures();
}

static void rate_is_how_many_fail(void **state)
{
    (void)state;
    assert_between(failures_of("rate:0.5", 20000), 9700, 10300);
    assert_between(failures_of("rate:0.01:99", 20000), 140, 260);
    assert_between(failures_of("rate:0.999", 20000), 19950, 19995);
    assert_int_equal(failures_of("rate:0.000000001", 20000), 0);
}

/* ---- By size ---- */

static void only_large_requests_are_counted(void **state)
{
    (void)state;
    obey("nth:2,size>=1000");
    for (int i = 0; i < 10; i++)
        assert_true(is_served(999));
    assert_int_equal(zmalloc_fail_requests(), 0);
    assert_true(is_served(1000));
    assert_true(is_served(999));
    assert_false(is_served(100000));
    assert_true(is_served(1000));
    assert_int_equal(zmalloc_fail_requests(), 3);
    assert_int_equal(zmalloc_fail_failures(), 1);
}

static void a_size_alone_fails_them_all(void **state)
{
    static const struct {
        const char *rules;
        size_t size;
    } cases[] = {
        {"size>=1", 1},
        {"size>=333", 333},
        {"size>=2k", 2048},
        {"size>=1m", (size_t)1 << 20},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gives_for(cases[i].size, cases[i].rules, "xxx");
        if (cases[i].size > 1)
            assert_true(is_served(cases[i].size - 1));
    }
    gives_for((size_t)1 << 20, "size>=1g", "");
    assert_true(is_served((size_t)1 << 20));
    assert_true(is_served(0));
    obey("size>=99999999999999999999g");
    assert_true(is_served((size_t)1 << 20));
    assert_int_equal(zmalloc_fail_requests(), 0);
}

/* ---- What is counted ---- */

/* Requests memory in every possible way, once each. */
static void ask_in_every_way(void)
{
    void *blocks[] = {ztrymalloc(100), ztrycalloc(100), ztrymalloc_aligned(64, 100), zmalloc(100)};

    blocks[0] = ztryrealloc(blocks[0], 5000);
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        zfree(blocks[i]);
}

static void every_way_to_ask_is_counted(void **state)
{
    char rules[32];

    (void)state;
    obey(NULL);
    ask_in_every_way();
    assert_int_equal(zmalloc_fail_requests(), 5);
    for (size_t nth = 1; nth <= 3; nth++) {
        snprintf(rules, sizeof rules, "nth:%zu", nth);
        obey(rules);
        ask_in_every_way();
        assert_int_equal(zmalloc_fail_failures(), 1);
    }
}

static void what_does_not_reach_the_allocator_is_not(void **state)
{
    volatile size_t too_large = SIZE_MAX / 2;
    volatile size_t no_alignment = 3;
    void *block = zmalloc(100);

    (void)state;
    obey("from:1");
    assert_null(ztrymalloc(too_large));
    assert_null(ztrymalloc_aligned(no_alignment, 100));
    assert_true(zmalloc_usable_size(block) >= 100);
    zmalloc_good_size(100);
    zfree(block);
    zfree(NULL);
    assert_int_equal(zmalloc_fail_requests(), 0);
}

static void a_failed_reallocation_leaves_the_block(void **state)
{
    unsigned char *block = zmalloc(100);
    size_t used = zmalloc_used_memory();

    (void)state;
    stamp(block, 100, 5);
    obey("from:1");
    assert_null(ztryrealloc(block, 50));
    assert_null(ztryrealloc(block, 100000));
    assert_true(has_stamp(block, 100, 5));
    assert_int_equal(zmalloc_used_memory(), used);
    zfree(block);
}

/* ---- Bad rules ---- */

static void bad_rules_change_nothing(void **state)
{
    static const char *const bad[] = {
        "nth",
        "nth:",
        "nth:0",
        "nth:-1",
        "nth:1x",
        "nth:1,nth:2",
        "from:0",
        "from: 1",
        "every:0",
        "every:1:1",
        "rate",
        "rate:",
        "rate:2",
        "rate:1.1",
        "rate:.5",
        "rate:-0.5",
        "rate:0,5",
        "rate:0.5:",
        "rate:0.5:x",
        "rate:0.5:4294967296",
        "rate:0.5:1:1",
        "rate:0.5 :1",
        "rate:1e-1",
        "rate:00.5",
        "rate:0.0000000001",
        "size>=",
        "size>=k",
        "size>=1kk",
        "size>=1T",
        "size>=-1",
        "size>1",
        "size=1",
        "size>=1t",
        "size>=1k,size>=2k",
        "NTH:1",
        "nth=1",
        "nth:1;nth:2",
        "rate:0,rate:0",
        "\xff",
    };

    (void)state;
    obey("nth:3");
    assert_true(is_served(10));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        errno = 0;
        assert_int_equal(zmalloc_fail(bad[i]), -1);
        assert_int_equal(errno, EINVAL);
    }
    assert_true(is_served(10));
    assert_false(is_served(10));
    assert_int_equal(zmalloc_fail_requests(), 3);
}

/* ---- Threads and fork ---- */

#define THREADS 8
#define REQUESTS_EACH 5000

static void *ask_often(void *argument)
{
    (void)argument;
    for (size_t i = 0; i < REQUESTS_EACH; i++)
        zfree(ztrymalloc(1 + i % 500));
    return NULL;
}

static void threads_share_the_count(void **state)
{
    (void)state;
    obey("nth:777");
    run_threads(THREADS, ask_often, NULL);
    assert_int_equal(zmalloc_fail_requests(), THREADS * REQUESTS_EACH);
    assert_int_equal(zmalloc_fail_failures(), 1);
    obey("every:10");
    run_threads(THREADS, ask_often, NULL);
    assert_int_equal(zmalloc_fail_failures(), THREADS * REQUESTS_EACH / 10);
    obey("from:1001");
    run_threads(THREADS, ask_often, NULL);
    assert_int_equal(zmalloc_fail_failures(), THREADS * REQUESTS_EACH - 1000);
    assert_int_equal(
        failures_of("rate:0.3:4", THREADS * REQUESTS_EACH),
        (obey("rate:0.3:4"), run_threads(THREADS, ask_often, NULL), zmalloc_fail_failures()));
}

/* Requests of any kind, to check that only the rules' verdict changes. */
static void *change_rules(void *argument)
{
    static const char *const rules[] = {"nth:5", "every:3,size>=64", "rate:0.5", ""};

    (void)argument;
    for (size_t i = 0; i < REQUESTS_EACH; i++) {
        child_check(zmalloc_fail(rules[i % (sizeof rules / sizeof *rules)]) == 0);
        zfree(ztrymalloc(1 + i % 500));
    }
    return NULL;
}

static void threads_may_change_the_rules(void **state)
{
    (void)state;
    run_threads(THREADS, change_rules, NULL);
}

static void fail_as_the_fifth(void *argument)
{
    (void)argument;
    child_check(is_served(10) && !is_served(10) && is_served(10));
    child_check(zmalloc_fail_requests() == 6 && zmalloc_fail_failures() == 1);
}

static void a_forked_child_counts_on_by_itself(void **state)
{
    struct outcome outcome;

    (void)state;
    obey("nth:5");
    for (int i = 0; i < 3; i++)
        assert_true(is_served(10));
    outcome = run_child(fail_as_the_fifth, NULL);
    assert_exited_with(&outcome, 0);
    assert_int_equal(zmalloc_fail_requests(), 3);
    assert_true(is_served(10));
    assert_false(is_served(10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fail_test(without_rules_nothing_fails),
        fail_test(nth_fails_once),
        fail_test(from_fails_from_then_on),
        fail_test(every_fails_again_and_again),
        fail_test(any_rule_is_enough),
        fail_test(rate_draws_the_same_everywhere),
        fail_test(rate_is_how_many_fail),
        fail_test(only_large_requests_are_counted),
        fail_test(a_size_alone_fails_them_all),
        fail_test(every_way_to_ask_is_counted),
        fail_test(what_does_not_reach_the_allocator_is_not),
        fail_test(a_failed_reallocation_leaves_the_block),
        fail_test(bad_rules_change_nothing),
        fail_test(threads_share_the_count),
        fail_test(threads_may_change_the_rules),
        fail_test(a_forked_child_counts_on_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
