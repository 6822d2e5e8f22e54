/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * When the library reads the environment: when it is loaded, and in zmalloc_init(). Never at any
 * other time, because another thread may be changing it.
 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "choice_support.h"
#include "zmalloc_fail.h"

extern char **environ;

static size_t readings;

/* The linker finds this before the C library's. */
char *secure_getenv(const char *name)
{
    readings++;
    for (char **each = environ; *each != NULL; each++)
        if (strncmp(*each, name, strlen(name)) == 0 && (*each)[strlen(name)] == '=')
            return *each + strlen(name) + 1;
    return NULL;
}

static void holds(void (*body)(void *argument), void *argument)
{
    struct outcome outcome = run_child(body, argument);

    assert_prints(&outcome, "");
}

/* ---- A first block ---- */

static void allocate_first(void *argument)
{
    char report[8192];

    (void)argument;
    readings = 0;
    zfree(zmalloc(100));
    child_check(zmalloc_fail("nth:1") == -1 && errno == ENOTSUP);
    child_check(zmalloc_stats_json(report, sizeof report) > 0);
    child_check(zmalloc_init("foo") == -1 && zmalloc_init(NULL) == 0);
    child_check(readings == 0);
}

static void a_first_block_does_not_look(void **state)
{
    (void)state;
    assert_true(readings > 0);
    holds(allocate_first, NULL);
}

/* ---- zmalloc_init() ---- */

static void init_again(void *argument)
{
    (void)argument;
    setenv("ZMALLOC_BACKEND", "foo", 1);
    child_check(zmalloc_init("libc") == -1 && errno == ENOENT);
    setenv("ZMALLOC_BACKEND", "libc", 1);
    setenv("ZMALLOC_FAIL", "nth:0", 1);
    child_check(zmalloc_init("libc") == -1 && errno == EINVAL);
    setenv("ZMALLOC_FAIL", "rate:0", 1);
    child_check(zmalloc_init("libc") == 0 && strcmp(zmalloc_backend_name(), "fail+libc") == 0);
}

static void each_call_of_init_looks(void **state)
{
    (void)state;
    holds(init_again, NULL);
}

/* The library keeps copies: a program may overwrite its own strings. */
static void move_environment(void *argument)
{
    char value[] = "ZMALLOC_BACKEND=foo,bar";
    char *const own[] = {value, NULL};

    (void)argument;
    environ = (char **)own;
    child_check(zmalloc_init("libc") == -1);
    memset(value, 'x', sizeof value - 1);
    zfree(zmalloc(100));
}

static void what_it_saw_is_kept(void **state)
{
    struct outcome outcome = run_child(move_environment, NULL);

    (void)state;
    assert_refused(&outcome, REFUSED("foo,bar", "foo", "unknown backend")
                                 REFUSED("foo,bar", "bar", "unknown backend"));
}

/* Of any length, and any number of times. */
static void change_often(void *argument)
{
    static char value[1 << 20];
    void *block;

    (void)argument;
    memset(value, 'a', sizeof value - 1);
    for (size_t i = 0; i < 100; i++) {
        value[i * 1000 + 900] = ',';
        setenv("ZMALLOC_BACKEND", value + i * 10, 1);
        child_check(zmalloc_init("libc") == -1 && errno == ENOENT);
    }
    memcpy(value + sizeof value - 6, ",libc", 6);
    setenv("ZMALLOC_BACKEND", value, 1);
    child_check(zmalloc_init("native") == -1 && errno == EBUSY);
    block = zmalloc(100);
    child_check(strcmp(zmalloc_backend_name(), "libc") == 0);
    zfree(block);
}

static void values_may_be_long_and_change(void **state)
{
    (void)state;
    holds(change_often, NULL);
}

/* ---- The allocator's own variable ---- */

static void set_for_jemalloc(void *argument)
{
    unsigned narenas = 0;
    size_t size = sizeof narenas;

    (void)argument;
    setenv("MALLOC_CONF", "narenas:3", 1);
    child_check(zmalloc_init("jemalloc") == 0);
    child_check(zmalloc_backend_ctl("opt.narenas", &narenas, &size, NULL, 0) == 0);
    child_check(narenas == 3);
}

static void set_and_change(void *argument)
{
    unsigned narenas = 0;
    size_t size = sizeof narenas;

    (void)argument;
    setenv("MALLOC_CONF", "narenas:3", 1);
    child_check(zmalloc_init("foo") == -1);
    setenv("MALLOC_CONF", "narenas:5", 1);
    readings = 0;
    child_check(zmalloc_init("jemalloc") == 0 && readings > 0);
    child_check(zmalloc_backend_ctl("opt.narenas", &narenas, &size, NULL, 0) == 0);
    child_check(narenas == 5);
}

static void jemalloc_is_told_what_it_saw(void **state)
{
    (void)state;
    if (strstr(BUILT_IN, "jemalloc") == NULL)
        skip();
    holds(set_for_jemalloc, NULL);
    holds(set_and_change, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(a_first_block_does_not_look),  zm_test(each_call_of_init_looks),
        zm_test(what_it_saw_is_kept),          zm_test(values_may_be_long_and_change),
        zm_test(jemalloc_is_told_what_it_saw),
    };

    unsetenv("ZMALLOC_BACKEND");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
