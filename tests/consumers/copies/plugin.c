/* SPDX-License-Identifier: BSD-3-Clause */

/* A plug-in on zmalloc, with the archive or the shared library. */

#include "plugin.h"

#include <zmalloc.h>

static int work(void)
{
    size_t before = zmalloc_used_memory();
    char *block = zcalloc(100);

    if (block[99] != 0 || zmalloc_used_memory() != before + zmalloc_size(block))
        return __LINE__;
    block = zrealloc(block, 10000);
    if (zmalloc_used_memory() != before + zmalloc_size(block) || zmalloc_usable_size(block) < 10000)
        return __LINE__;
    zfree(block);
    return zmalloc_used_memory() == before ? 0 : __LINE__;
}

static void *get(size_t size)
{
    return zmalloc(size);
}

static void put(void *block)
{
    zfree(block);
}

__attribute__((visibility("default"))) const struct plugin *plugin(void)
{
    static const struct plugin functions = {
        .get = get,
        .put = put,
        .used = zmalloc_used_memory,
        .backend = zmalloc_backend_name,
        .set_oom_handler = zmalloc_set_oom_handler,
        .work = work,
    };

    return &functions;
}
