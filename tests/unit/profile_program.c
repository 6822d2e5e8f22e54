/* SPDX-License-Identifier: BSD-3-Clause */

/* A program for heap profiles: holds 1 MiB until it ends, allocated so deep that its functions can
 * be recognized in the stack. */

#include <stddef.h>

#include "zmalloc.h"

#define BLOCKS 1024
#define SIZE 1024

static void *blocks[BLOCKS];

static void __attribute__((noinline)) hold(volatile int depth)
{
    if (depth > 0)
        hold(depth - 1);
    else
        for (size_t i = 0; i < BLOCKS; i++)
            blocks[i] = zmalloc(SIZE);
    __asm__ volatile("" : : : "memory"); /* keeps the call above from being a tail call */
}

int main(void)
{
    hold(20);
    return 0;
}
