/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The library opened late, by a program that does not link it. A library that contains an allocator
 * with much thread-local storage can only be opened late if the dynamic linker keeps room for it,
 * with a tunable. Without it opening may fail, but only for that reason.
 */

#include "support.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/wait.h>

static const char *library_path(void)
{
    Dl_info info;
    void *symbol = dlsym(RTLD_DEFAULT, "zml_zmalloc");

    assert_non_null(symbol);
    assert_true(dladdr(symbol, &info) != 0);
    return info.dli_fname;
}

static struct outcome run_late(const char *tunables)
{
    const char *const arguments[] = {path_beside("late-program"), library_path(), NULL};
    const char *const environment[] = {tunables, NULL};

    return run_program(arguments, environment);
}

static void assert_opened(const struct outcome *outcome)
{
    assert_exited_with(outcome, 0);
    assert_string_equal(outcome->out, "exact\n");
    assert_err_is(outcome, "");
}

#ifdef __GLIBC__
#define NO_ROOM "cannot allocate memory in static TLS block"
#else
/* musl has no such storage for libraries that are opened late. */
#define NO_ROOM "initial-exec TLS resolves to dynamic definition"
#endif

static void opens_late_where_there_is_room(void **state)
{
    struct outcome outcome = run_late("GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096");

    (void)state;
#ifndef __GLIBC__
    print_message("skipped: the tunable that makes room is glibc's\n");
    skip();
#endif
    assert_opened(&outcome);
}

static void opens_late_or_says_why(void **state)
{
    struct outcome outcome = run_late("GLIBC_TUNABLES");

    (void)state;
    if (WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == 0) {
        assert_opened(&outcome);
        return;
    }
    assert_exited_with(&outcome, 3);
    assert_err_is_line_with(&outcome, NO_ROOM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(opens_late_where_there_is_room),
        zm_test(opens_late_or_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
