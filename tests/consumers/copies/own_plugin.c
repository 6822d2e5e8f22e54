/* SPDX-License-Identifier: BSD-3-Clause */

/* A plug-in with its own zmalloc.c, whose functions it calls by their plain names. */

#include <stdint.h>
#include <stdlib.h>

#include "plugin.h"

#define OWN __attribute__((visibility("default")))

/* Its blocks have their size in front of them, unlike anybody else's. */
static size_t used_bytes;

OWN void *zmalloc(size_t size);
OWN void zfree(void *block);
OWN size_t zmalloc_used_memory(void);
OWN size_t zmalloc_size(void *block);
OWN void zmalloc_set_oom_handler(void (*handler)(size_t size));

void *zmalloc(size_t size)
{
    size_t *block = size < SIZE_MAX / 2 ? malloc(size + 2 * sizeof *block) : NULL;

    if (block == NULL)
        abort();
    *block = size;
    used_bytes += size;
    return block + 2;
}

size_t zmalloc_size(void *block)
{
    return ((size_t *)block)[-2];
}

void zfree(void *block)
{
    used_bytes -= zmalloc_size(block);
    free((size_t *)block - 2);
}

size_t zmalloc_used_memory(void)
{
    return used_bytes;
}

void zmalloc_set_oom_handler(void (*handler)(size_t size))
{
    (void)handler;
}

static const char *none(void)
{
    return "its own";
}

static int work(void)
{
    void *block = zmalloc(100);

    if (zmalloc_size(block) != 100 || zmalloc_used_memory() != 100)
        return __LINE__;
    zfree(block);
    return zmalloc_used_memory() == 0 ? 0 : __LINE__;
}

OWN const struct plugin *plugin(void)
{
    static const struct plugin functions = {
        .get = zmalloc,
        .put = zfree,
        .used = zmalloc_used_memory,
        .backend = none,
        .set_oom_handler = zmalloc_set_oom_handler,
        .work = work,
    };

    return &functions;
}
