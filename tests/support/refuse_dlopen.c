/* SPDX-License-Identifier: BSD-3-Clause */

/* For LD_PRELOAD: simulates a system without the library whose file name begins with
 * REFUSED_LIBRARY, or one on which the library INSTEAD has that name. */

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

void *dlopen(const char *file, int flags)
{
    void *(*real)(const char *file, int flags);
    const char *refused = getenv("REFUSED_LIBRARY");
    const char *instead = getenv("INSTEAD");

    *(void **)&real = dlsym(RTLD_NEXT, "dlopen");
    if (refused != NULL && file != NULL && strncmp(file, refused, strlen(refused)) == 0)
        file = instead != NULL ? instead : "no-such-library.so"; /* dlerror has something to say */
    return real(file, flags);
}
