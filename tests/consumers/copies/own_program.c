/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A program on zmalloc that opens a plug-in with its own zmalloc.c, whose symbols it makes global.
 * Its arguments: the backend that must be active in the program, the plug-in.
 */

#include <string.h>
#include <zmalloc.h>

#include "open.h"

int main(int argc, char **argv)
{
    const struct plugin *plugin_copy;
    void *before = zmalloc(100);
    size_t used = zmalloc_used_memory();
    void *handle;
    void *after;

    require(argc == 3, "usage: own_program BACKEND PLUG-IN");
    plugin_copy = open_plugin(argv[2], RTLD_GLOBAL, &handle);
    require(strcmp(plugin_copy->backend(), "its own") == 0, "the plug-in is another");
    require(plugin_copy->work() == 0, "the plug-in's functions are not its own");
    require(zmalloc_used_memory() == used, "the plug-in's blocks are counted");
    after = zrealloc(zmalloc(100), 10000);
    require(plugin_copy->used() == 0, "the plug-in counts the program's blocks");
    zfree(before);
    zfree(after);
    require(strcmp(zmalloc_backend_name(), argv[1]) == 0, "another backend is active");
    require(zmalloc_used_memory() == 0, "something is left in use");
    return EXIT_SUCCESS;
}
