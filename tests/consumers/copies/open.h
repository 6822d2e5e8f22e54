/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef COPIES_OPEN_H
#define COPIES_OPEN_H

/* Shared by the programs of this folder: opening a plug-in and reporting what is wrong. */

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "plugin.h"

static inline void require(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "copies: %s\n", what);
    exit(EXIT_FAILURE);
}

static inline const struct plugin *open_plugin(const char *file, int mode, void **handle)
{
    const struct plugin *(*functions)(void);

    *handle = dlopen(file, RTLD_NOW | mode);
    require(*handle != NULL, *handle == NULL ? dlerror() : "");
    *(void **)&functions = dlsym(*handle, "plugin");
    require(functions != NULL, "the plug-in has no function plugin");
    return functions();
}

#endif
