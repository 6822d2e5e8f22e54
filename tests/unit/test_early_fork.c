/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Handlers of pthread_atfork that were registered before the choice of a backend may allocate:
 * those of the library and of its allocator were registered even earlier.
 */

#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCKS 400

static void allocate_much(void)
{
    void *blocks[BLOCKS];

    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = zmalloc(i * 16);
    zfree(zmalloc(3 << 20));
    for (size_t i = 0; i < BLOCKS; i++)
        zfree(blocks[i]);
}

static void check_in_child(bool holds)
{
    if (!holds)
        _exit(1);
}

static void fork_with_handlers(void *argument)
{
    int status = -1;
    pid_t pid;

    (void)argument;
    check_in_child(pthread_atfork(allocate_much, allocate_much, allocate_much) == 0);
    check_in_child(zmalloc_init(getenv("ZMALLOC_UNDER_TEST")) == 0);
    zfree(zmalloc(1));
    pid = fork();
    if (pid == 0) {
        allocate_much();
        _exit(zmalloc_used_memory() == 0 ? 0 : 1);
    }
    check_in_child(waitpid(pid, &status, 0) == pid && status == 0);
    check_in_child(zmalloc_used_memory() == 0);
}

static void handlers_from_before_the_choice_may_allocate(void **state)
{
    struct outcome outcome = run_child(fork_with_handlers, NULL);

    (void)state;
    assert_exited_with(&outcome, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handlers_from_before_the_choice_may_allocate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
