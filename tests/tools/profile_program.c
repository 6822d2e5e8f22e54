/* SPDX-License-Identifier: BSD-3-Clause */

/* A program whose heap profile is known. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zmalloc.h"

#define LEAK(name, count, size)                                                                    \
    static __attribute__((noinline)) void name(void)                                               \
    {                                                                                              \
        for (int i = 0; i < (count); i++)                                                          \
            memset(zmalloc(size), 1, size);                                                        \
    }

LEAK(hold_much, 100, 10000)
LEAK(hold_little, 10, 1000)

static __attribute__((noinline)) void hold_nothing(void)
{
    for (int i = 0; i < 1000; i++)
        zfree(zmalloc(10000));
}

static __attribute__((noinline)) void hold_both(void)
{
    hold_much();
    hold_little();
    hold_nothing();
}

int main(int argc, char **argv)
{
    hold_both();
    if (argc > 1 && strcmp(argv[1], "die") == 0)
        abort();
    return argc > 1 ? atoi(argv[1]) : 0;
}
