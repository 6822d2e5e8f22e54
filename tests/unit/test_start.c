/* SPDX-License-Identifier: BSD-3-Clause */

/* A program with little address space: it runs, or it says why not and ends. It never crashes. */

#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((rlim_t)1 << 20)

static void start_program(void *argument)
{
    const rlim_t *limit = argument;
    struct rlimit space = {*limit, *limit};
    struct rlimit no_core = {0, 0};
    const char *path = path_beside("life-program");

    setrlimit(RLIMIT_CORE, &no_core);
    setrlimit(RLIMIT_AS, &space);
    execl(path, path, NULL);
    _exit(127);
}

static bool ran(const struct outcome *outcome)
{
    return WIFEXITED(outcome->status) && WEXITSTATUS(outcome->status) == 0;
}

/* gperftools from 2.16 on prints a message and then executes an invalid instruction; earlier
 * versions abort. Without its message such a signal is a fault. */
static bool trapped(const struct outcome *outcome)
{
    int signal = WTERMSIG(outcome->status);

    return (signal == SIGILL || signal == SIGTRAP) &&
           strstr(outcome->err, "FATAL ERROR: Out of memory") != NULL;
}

/* The library's status is 78, the dynamic linker's 127; an allocator that has started may abort. */
static bool was_refused(const struct outcome *outcome)
{
    bool ended = WIFEXITED(outcome->status)
                     ? WEXITSTATUS(outcome->status) == 78 || WEXITSTATUS(outcome->status) == 127
                     : WTERMSIG(outcome->status) == SIGABRT || trapped(outcome);

    return ended && outcome->err[0] != '\0';
}

static void little_space_is_no_fault(void **state)
{
    bool was_run = false;

    (void)state;
    if (UNDER_SANITIZER || UNDER_COVERAGE || under_valgrind())
        skip(); /* they need far more space for themselves */
    skip_under_emulator("does not limit the address space");
    for (rlim_t limit = 6 * MIB; limit <= 128 * MIB;
         limit += limit < 24 * MIB ? MIB / 2 : 8 * MIB) {
        struct outcome outcome = run_child(start_program, &limit);

        was_run = ran(&outcome);
        if (!was_run && !was_refused(&outcome))
            fail_msg("with %zu KiB: status 0x%x, stderr: %s", (size_t)limit / 1024,
                     (unsigned)outcome.status, outcome.err);
    }
    assert_true(was_run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(little_space_is_no_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
