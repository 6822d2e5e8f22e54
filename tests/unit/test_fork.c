/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Forks while threads are at work: the child allocates, frees and counts like its parent, whatever
 * the other threads were doing. Called with an argument, this program is what the tests start: it
 * allocates, frees and exits.
 */

#include "forking.h"
#include "work.h"

#include <pthread.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define ALLOCATING 14

extern char **environ;

static char *program;

/* With threads at work. A sanitizer's malloc does not always work in their child. */
static void in_child_at_work(void (*body)(void *argument))
{
    if (UNDER_SANITIZER)
        skip();
    /* libtcmalloc alone, without us, does the same there. */
    if (strcmp(name_without_layers(), "tcmalloc") == 0)
        skip_under_emulator("sometimes leaves a child of tcmalloc waiting for ever");
    run_and_check(body);
}

/* ---- Forks in the main thread ---- */

static void fork_at_work(void *argument)
{
    (void)argument;
    start_work(ALLOCATING);
    for (size_t i = 0; i < scaled(15); i++)
        fork_and_wait(take_over_the_work);
    end_work();
}

static void children_of_busy_threads_go_on(void **state)
{
    (void)state;
    in_child_at_work(fork_at_work);
}

/* ---- Forks in a thread that is not the main one, while the others work ---- */

static void *fork_in_thread(void *argument)
{
    for (size_t i = 0; i < scaled(5); i++)
        fork_and_wait(take_over_the_work);
    return argument;
}

static void fork_in_threads_at_work(void *argument)
{
    pthread_t forking[2];

    (void)argument;
    start_work(ALLOCATING);
    for (size_t i = 0; i < LENGTH(forking); i++)
        child_check(pthread_create(&forking[i], NULL, fork_in_thread, NULL) == 0);
    for (size_t i = 0; i < LENGTH(forking); i++)
        child_check(pthread_join(forking[i], NULL) == 0);
    end_work();
}

static void children_of_threads_go_on(void **state)
{
    (void)state;
    in_child_at_work(fork_in_threads_at_work);
}

/* ---- Forks in threads that have not allocated yet, while others begin and end ---- */

static void *fork_at_once(void *argument)
{
    fork_and_wait(allocate_count_and_free);
    return argument;
}

static void fork_in_fresh_threads(void *argument)
{
    (void)argument;
    start_work(4);
    for (size_t i = 0; i < scaled(100); i++)
        run_threads(1, fork_at_once, NULL);
    end_work();
}

static void children_of_fresh_threads_go_on(void **state)
{
    (void)state;
    in_child_at_work(fork_in_fresh_threads);
}

/* ---- Other ways to start a process ---- */

static char *const program_arguments[] = {(char *)(uintptr_t) "test-fork",
                                          (char *)(uintptr_t) "run", NULL};

static void execute(void)
{
    execv(program, program_arguments);
}

static void execute_from_vfork(void)
{
    pid_t pid = vfork();

    if (pid == 0) {
        execv(program, program_arguments);
        _exit(127);
    }
    wait_for(pid);
}

static void spawn(void)
{
    pid_t pid = 0;

    child_check(posix_spawn(&pid, program, NULL, NULL, program_arguments, environ) == 0);
    wait_for(pid);
}

static void start_programs_at_work(void *argument)
{
    (void)argument;
    start_work(ALLOCATING);
    for (size_t i = 0; i < scaled(5); i++) {
        fork_and_wait(execute);
        execute_from_vfork();
        spawn();
    }
    end_work();
}

static void programs_start_from_busy_threads(void **state)
{
    (void)state;
    skip_under_emulator("does not start programs as the kernel does");
    run_and_check(start_programs_at_work);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        zm_test(children_of_busy_threads_go_on),
        zm_test(children_of_threads_go_on),
        zm_test(children_of_fresh_threads_go_on),
        zm_test(programs_start_from_busy_threads),
    };

    if (count > 1) {
        allocate_count_and_free();
        return zmalloc_used_memory() == 0 ? 0 : 1;
    }
    program = arguments[0];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
