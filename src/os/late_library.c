/* SPDX-License-Identifier: BSD-3-Clause */

#include "os/late_library.h"

#include <dlfcn.h>
#include <string.h>

#include "os/thread.h"

bool zm_late_library_open(const char *file, const struct zm_late_function *functions)
{
    int state = zm_cancel_off();
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

    zm_cancel_restore(state);
    for (; library != NULL && functions->name != NULL; functions++) {
        void *symbol = dlsym(library, functions->name);

        if (symbol == NULL)
            return false;
        memcpy(functions->pointer, &symbol, sizeof symbol);
    }
    return library != NULL;
}
