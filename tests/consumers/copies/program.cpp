// SPDX-License-Identifier: BSD-3-Clause

/*
 * A C++ program on zmalloc that exports its symbols, as servers do, and opens a C++ plug-in with
 * its own copy. Its arguments: the backend that must be active in both, the plug-in.
 */

#include <cstring>

#include "containers.h"
#include "open.h"

int main(int argc, char **argv)
{
    const struct plugin *plugin_copy;
    void *handle;

    require(argc == 3, "usage: program BACKEND PLUG-IN");
    require(use_containers_of(zmalloc_used_memory) == 0, "the program counts wrongly");
    plugin_copy = open_plugin(argv[2], RTLD_GLOBAL, &handle);
    require(std::strcmp(zmalloc_backend_name(), argv[1]) == 0, "another backend is active");
    require(std::strcmp(plugin_copy->backend(), argv[1]) == 0, "another one is in the plug-in");
    require(plugin_copy->work() == 0, "the plug-in's containers are not of its copy");
    require(use_containers_of(zmalloc_used_memory) == 0, "the program counts wrongly after that");
    require(zmalloc_used_memory() == 0 && plugin_copy->used() == 0, "something is left in use");
    return EXIT_SUCCESS;
}
