/* SPDX-License-Identifier: BSD-3-Clause */

/* A plug-in that allocates for debug_program.c. Built twice, as two plug-ins with the same code. */

#include <stddef.h>

void *debug_plugin_allocate(void *(*from)(size_t size), size_t size);
void *debug_plugin_allocate(void *(*from)(size_t size), size_t size)
{
    void *volatile block = from(size);

    return block;
}
