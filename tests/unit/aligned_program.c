/* SPDX-License-Identifier: BSD-3-Clause */

/* Started under LD_PRELOAD of malloc_of_8.c. Exits with status 1 if an aligned block is not
 * aligned; that malloc aborts if it gets back what it did not hand out. */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "zmalloc.h"

static int try_block(size_t alignment, size_t size)
{
    unsigned char *block = zmalloc_aligned(alignment, size);

    if ((uintptr_t)block % alignment != 0) {
        fprintf(stderr, "zmalloc_aligned(%zu, %zu) returned %p\n", alignment, size, (void *)block);
        return 1;
    }
    memset(block, 0xa5, size);
    block = zrealloc(block, 2 * size);
    zfree(block);
    return 0;
}

int main(void)
{
    int failed = 0;

    for (size_t alignment = 32; alignment <= 4096; alignment *= 2)
        for (size_t size = 1; size <= 3000; size = size * 2 + 1)
            failed |= try_block(alignment, size);
    return failed != 0 || zmalloc_used_memory() != 0;
}
