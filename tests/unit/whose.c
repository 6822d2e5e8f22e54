/* SPDX-License-Identifier: BSD-3-Clause */

#include "whose.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zmalloc.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* The two programs have different file names, and functions are at other places in them. */
static int is_this_program(const Dl_info *info)
{
    Dl_info own;

    return dladdr((void *)(uintptr_t)report, &own) != 0 && own.dli_fbase == info->dli_fbase;
}

void report(const char *name, void *function)
{
    Dl_info info;

    if (function == NULL || dladdr(function, &info) == 0)
        printf("  %s: nowhere\n", name);
    else if (is_this_program(&info))
        printf("  %s: the program\n", name);
    else
        printf("  %s: %s %s %#tx\n", name, base_name(info.dli_fname),
               info.dli_sname != NULL ? info.dli_sname : "?",
               (char *)function - (char *)info.dli_fbase);
}

static const char *const names[] = {
    "malloc",
    "free",
    "calloc",
    "realloc",
    "reallocarray",
    "memalign",
    "aligned_alloc",
    "posix_memalign",
    "valloc",
    "pvalloc",
    "malloc_usable_size",
    "mallinfo2",
    "malloc_trim",
    "_Znwm",
    "_Znam",
    "_ZnwmRKSt9nothrow_t",
    "_ZnwmSt11align_val_t",
    "_ZdlPv",
    "_ZdaPv",
    "_ZdlPvm",
    "_ZdlPvSt11align_val_t",
};

static void report_use_by_program(void)
{
    report("malloc, as the program calls it", (void *)(uintptr_t)malloc);
    report("free, as the program calls it", (void *)(uintptr_t)free);
    report("calloc, as the program calls it", (void *)(uintptr_t)calloc);
    report("realloc, as the program calls it", (void *)(uintptr_t)realloc);
}

void report_process(const char *when)
{
    printf("%s\n", when);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        report(names[i], dlsym(RTLD_DEFAULT, names[i]));
    report_use_by_program();
    fflush(stdout);
}

static const char *path_beside_program(const char *name)
{
    static char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 100);

    while (length > 0 && path[length - 1] != '/')
        length--;
    memcpy(path + length, name, strlen(name) + 1);
    return path;
}

void run_plugin(void)
{
    void *plugin = dlopen(path_beside_program("whose-plugin.so"), RTLD_NOW | RTLD_LOCAL);
    int (*run)(void (*tell)(const char *name, void *function));

    if (plugin == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    *(void **)&run = dlsym(plugin, "whose_plugin");
    puts("in the plug-in");
    if (run == NULL || run(report) != 0)
        exit(3);
    fflush(stdout);
}

#ifdef WITH_ZMALLOC

void use_zmalloc(void)
{
    void *blocks[200];

    for (size_t i = 0; i < 200; i++)
        blocks[i] = zcalloc(i * i);
    for (size_t i = 0; i < 200; i++)
        blocks[i] = zrealloc(blocks[i], 100 * i + 1);
    for (size_t i = 0; i < 200; i++)
        zfree(blocks[i]);
    if (zmalloc_used_memory() != 0)
        exit(4);
}

#else

void use_zmalloc(void)
{
}

#endif
