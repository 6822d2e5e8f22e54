/* SPDX-License-Identifier: BSD-3-Clause */

#include "forking.h"

#include <sys/wait.h>
#include <unistd.h>

#define CHILD_SECONDS 60
#define LENGTH(array) (sizeof(array) / sizeof *(array))

void run_and_check(void (*body)(void *argument))
{
    struct outcome outcome = run_child(body, NULL);

    assert_exited_with(&outcome, 0);
}

void wait_for(pid_t pid)
{
    int status = -1;

    child_check(pid > 0);
    child_check(waitpid(pid, &status, 0) == pid);
    child_check(status == 0);
}

void fork_and_wait(void (*body)(void))
{
    pid_t pid = fork();

    if (pid == 0) {
        alarm(CHILD_SECONDS);
        body();
        _exit(0);
    }
    wait_for(pid);
}

/* Blocks of all sizes, up to those that the allocator gets from the system one by one. */
void allocate_count_and_free(void)
{
    size_t before = zmalloc_used_memory();
    size_t held = 0;
    void *blocks[100];

    for (size_t i = 0; i < LENGTH(blocks); i++) {
        blocks[i] = zmalloc(i % 50 == 0 ? 300000 : 1 + i * i);
        child_check(blocks[i] != NULL);
        blocks[i] = zrealloc(blocks[i], 20 + i * 100);
        held += zmalloc_size(blocks[i]);
    }
    child_check(zmalloc_used_memory() == before + held);
    for (size_t i = 0; i < LENGTH(blocks); i++)
        zfree(blocks[i]);
    child_check(zmalloc_used_memory() == before);
}

void *live_shortly(void *argument)
{
    for (size_t i = 0; i < 50; i++)
        zfree(zmalloc(i));
    return argument;
}
