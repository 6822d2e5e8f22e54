/* SPDX-License-Identifier: BSD-3-Clause */

/* A program for heap profiles: holds 1 MiB until it ends, allocated from so deep that its calls are
 * known again in a stack. */

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
    __asm__ volatile("" : : : "memory"); /* the call above is not the last thing it does */
}

int main(void)
{
    hold(20);
    return 0;
}
