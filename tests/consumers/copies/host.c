/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A program that opens a plug-in and exports its own functions with the names in server_names to
 * plug-ins, as servers do. A call of one ends the program. Its arguments: the backend that must be
 * active in the plug-in, the plug-in.
 */

#include <string.h>

#include "open.h"

int main(int argc, char **argv)
{
    const struct plugin *plugin_copy;
    void *handle;

    require(argc == 3, "usage: host BACKEND PLUG-IN");
    require(dlsym(RTLD_DEFAULT, "zmalloc") != NULL && dlsym(RTLD_DEFAULT, "zcfree") != NULL,
            "this program does not export its functions");
    plugin_copy = open_plugin(argv[2], RTLD_LOCAL, &handle);
    require(strcmp(plugin_copy->backend(), argv[1]) == 0, "another backend is active");
    require(plugin_copy->work() == 0, "the plug-in's work goes wrong");
    require(plugin_copy->used() == 0, "something is left in use");
    return EXIT_SUCCESS;
}
