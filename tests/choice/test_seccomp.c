/* SPDX-License-Identifier: BSD-3-Clause */

/* A program that gives up system calls. Once a backend is chosen, the library needs no system call
 * that it could not have needed before. */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "choice_support.h"

/* Forbids one call and allows everything else. Returns whether the system accepts the filter. */
static bool forbid(uint32_t call, uint32_t action)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof steps / sizeof *steps, steps};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static void use_library(void)
{
    struct zmalloc_backend_info info = {.struct_size = sizeof info};
    void *block = zrealloc(zmalloc(100), 1000);

    child_check(zmalloc_used_memory() == zmalloc_size(block));
    zfree(block);
    child_check(zmalloc_get_backend_info(0, &info) == 0);
    child_check(zmalloc_init("libc") == 0 && zmalloc_init("native") == -1 && errno == EBUSY);
}

static void choose_before(void *argument)
{
    (void)argument;
    child_check(zmalloc_init("libc") == 0);
    child_check(forbid(SYS_mprotect, SECCOMP_RET_KILL_PROCESS));
    use_library();
}

static void choose_after(void *argument)
{
    child_check(forbid(SYS_mprotect, *(uint32_t *)argument));
    use_library();
}

static void try_filter(void *argument)
{
    *(bool *)argument = forbid(SYS_mprotect, SECCOMP_RET_ALLOW);
    child_check(*(bool *)argument);
}

static void skip_without_filters(void)
{
    bool taken = false;
    struct outcome outcome = run_child(try_filter, &taken);

    if (UNDER_SANITIZER || outcome.status != 0)
        skip();
}

static void after_the_choice_nothing_is_protected(void **state)
{
    struct outcome outcome;

    (void)state;
    skip_without_filters();
    outcome = run_child(choose_before, NULL);
    assert_prints(&outcome, "");
}

static void a_refusal_is_no_trouble(void **state)
{
    uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
    struct outcome outcome;

    (void)state;
    skip_without_filters();
    outcome = run_child(choose_after, &refuse);
    assert_prints(&outcome, "");
}

/* docs/environment.md says so. If this changes, the page has to change, too. */
static void the_choice_itself_protects(void **state)
{
    uint32_t end = SECCOMP_RET_KILL_PROCESS;
    struct outcome outcome;

    (void)state;
    skip_without_filters();
    outcome = run_child(choose_after, &end);
    assert_killed_by(&outcome, SIGSYS);
}

/* ---- The end by a signal ---- */

static void end_without_sending(void *argument)
{
    (void)argument;
    setenv("ZMALLOC_STATS", "json", 1);
    child_check(forbid(SYS_rt_tgsigqueueinfo, SECCOMP_RET_ERRNO | EPERM));
    exec_program((const char *const[]){"/proc/self/exe", "end", NULL});
}

/* Only who sent it gets lost. */
static void a_report_at_the_end_changes_nothing(void **state)
{
    struct outcome outcome;

    (void)state;
    skip_without_filters();
    outcome = run_child(end_without_sending, NULL);
    assert_killed_by(&outcome, SIGTERM);
    assert_err_is_line_with(&outcome, "{\"schema\":1,");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        zm_test(after_the_choice_nothing_is_protected),
        zm_test(a_refusal_is_no_trouble),
        zm_test(the_choice_itself_protects),
        zm_test(a_report_at_the_end_changes_nothing),
    };

    if (argc == 2 && strcmp(argv[1], "end") == 0) {
        zfree(zmalloc(1));
        return raise(SIGTERM);
    }

    return cmocka_run_group_tests(tests, NULL, NULL);
}
