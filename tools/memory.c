/* SPDX-License-Identifier: BSD-3-Clause */

/* Memory for the command itself. */

#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "verb.h"

static void __attribute__((noreturn)) no_memory(void)
{
    complain(NULL, "out of memory");
    exit(STATUS_FAILURE);
}

void *allocate(size_t num, size_t size)
{
    void *block = calloc(num > 0 ? num : 1, size);

    if (block == NULL)
        no_memory();
    return block;
}

void *allocate_unshared(size_t size)
{
    void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (block == MAP_FAILED || madvise(block, size, MADV_DONTFORK) != 0)
        no_memory();
    return block;
}

void release_unshared(void *block, size_t size)
{
    munmap(block, size);
}

char *copy_text(const char *text, size_t length)
{
    size_t copied = strnlen(text, length);
    char *copy = allocate(copied + 1, 1);

    memcpy(copy, text, copied);
    return copy;
}
