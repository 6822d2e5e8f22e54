/* SPDX-License-Identifier: BSD-3-Clause */

/* Opens the library while it runs. */

#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    int (*run)(const char *expected);
    void *library = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;

    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    *(void **)&run = dlsym(library, "host_run");
    return run == NULL ? 1 : run(argv[2]);
}
