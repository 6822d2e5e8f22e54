/* SPDX-License-Identifier: BSD-3-Clause */

/* A program whose profile is known. Each argument is something that it does, in this order. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zmalloc.h"
#include "zmalloc_sample.h"

/* A leak sanitizer does not mind blocks that are known. */
static void *volatile known[100];

/* 100 blocks of 1000 bytes, from one place. */
static void leak(void)
{
    for (int i = 0; i < 100; i++)
        known[i] = memset(zmalloc(1000), 1, 1000);
}

static void raise_usr2(void)
{
    raise(SIGUSR2);
}

static void print_dropped(void)
{
    printf("dropped %zu\n", zmalloc_sample_dropped());
}

/* The child ends by exit() as well. */
static void fork_here(void)
{
    pid_t child = fork();

    if (child > 0)
        waitpid(child, NULL, 0);
}

static const struct {
    const char *name;
    void (*function)(void);
} acts[] = {
    {"leak", leak},
    {"raise", raise_usr2},
    {"dropped", print_dropped},
    {"fork", fork_here},
};

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        for (size_t act = 0; act < sizeof acts / sizeof *acts; act++)
            if (strcmp(argv[i], acts[act].name) == 0)
                acts[act].function();
    return 0;
}
