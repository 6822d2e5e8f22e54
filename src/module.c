/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Backends in shared objects of their own, libzmalloc-NAME.so. The dynamic linker finds them, by
 * the RUNPATH of this library for ours (the folder zmalloc-1 beside it), and as any other library
 * for foreign ones. They are opened when chosen, for themselves alone, and never closed.
 */

#include <dlfcn.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "internal.h"

#if defined(__GLIBC__)
#include <link.h>
#endif

#define FILE_NAME_SIZE (sizeof "libzmalloc-.so" + ZM_NAME_MAX)

static void write_file_name(char file[FILE_NAME_SIZE], const char *name)
{
    snprintf(file, FILE_NAME_SIZE, "libzmalloc-%s.so", name);
}

/* Whether the linker's complaint is that the file itself is not there: glibc's words, musl's words.
 * A library that the file needs is named otherwise. */
static bool says_no_such_file(const char *complaint, const char *file)
{
    static const char musl[] = "Error loading shared library ";
    size_t length = strlen(file);

    if (strncmp(complaint, musl, sizeof musl - 1) == 0)
        complaint += sizeof musl - 1;
    return strncmp(complaint, file, length) == 0 && complaint[length] == ':' &&
           strstr(complaint, "No such file") != NULL;
}

/* In the language that says_no_such_file understands, whatever the program's is. */
static const char *complaint_of_linker(void)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t programs = uselocale(plain);
    const char *complaint = dlerror();

    uselocale(programs);
    if (plain != (locale_t)0)
        freelocale(plain);
    return complaint != NULL ? complaint : "the dynamic linker does not say why";
}

static int open_failed(const char *file, char *why)
{
    const char *complaint = complaint_of_linker();

    if (says_no_such_file(complaint, file)) {
        snprintf(why, ZM_WHY_SIZE, "no %s where the dynamic linker looks", file);
        return ENOTSUP;
    }
    snprintf(why, ZM_WHY_SIZE, "%s", complaint);
    return ENOEXEC;
}

/* Where the linker has found it; the text lives as long as the module. */
static const char *path_of(const void *symbol)
{
    Dl_info info;

    return dladdr(symbol, &info) != 0 ? info.dli_fname : "a module";
}

/* A module that was given another file name. */
static int check_name(const char *name, const struct zmalloc_backend *backend, char *why)
{
    if (strcmp(backend->name, name) == 0)
        return 0;
    snprintf(why, ZM_WHY_SIZE, "the module calls itself %s", backend->name);
    return ENOEXEC;
}

/* Ours: made with the library, and knows its inside. */
static int use_instance(const char *name, const char *file, const struct zm_instance *instance,
                        struct zm_candidate *candidate, char *why)
{
    if (strcmp(instance->build, ZM_VERSION) != 0) {
        snprintf(why, ZM_WHY_SIZE, "%s is of zmalloc %s, this library is %s", file, instance->build,
                 ZM_VERSION);
        return ENOEXEC;
    }
    if (check_name(name, instance->backend, why) != 0)
        return ENOEXEC;
    *candidate = (struct zm_candidate){
        .backend = instance->backend,
        .instance = instance,
        .origin = path_of(instance),
    };
    return 0;
}

static int use_table(const char *name, const struct zmalloc_backend *backend,
                     struct zm_candidate *candidate, char *why)
{
    if (zm_backend_check(backend, why) != 0 || check_name(name, backend, why) != 0)
        return ENOEXEC;
    *candidate = (struct zm_candidate){.backend = backend, .origin = path_of(backend)};
    return 0;
}

int zm_module_open(const char *name, const char *opens_first, struct zm_candidate *candidate,
                   char *why)
{
    char file[FILE_NAME_SIZE];
    const void *symbol;
    void *module;

    write_file_name(file, name);
    if (opens_first != NULL)
        dlopen(opens_first, RTLD_NOW | RTLD_LOCAL);
    module = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (module == NULL)
        return open_failed(file, why);
    symbol = dlsym(module, "zm_module_instance");
    if (symbol != NULL)
        return use_instance(name, file, symbol, candidate, why);
    symbol = dlsym(module, "zmalloc_backend_module");
    if (symbol != NULL)
        return use_table(name, symbol, candidate, why);
    snprintf(why, ZM_WHY_SIZE, "%s does not define zmalloc_backend_module", file);
    return ENOEXEC;
}

const char *zm_module_refusal(void)
{
    return NULL;
}

#if defined(__GLIBC__)

/* The folders that dlopen searches on behalf of this library. */
union search_path {
    Dl_serinfo info;
    char room[8192];
};

static bool read_search_path(union search_path *path)
{
    static const char here;
    struct link_map *map = NULL;
    Dl_info ignored;

    return dladdr1(&here, &ignored, (void **)&map, RTLD_DL_LINKMAP) != 0 && map != NULL &&
           dlinfo(map, RTLD_DI_SERINFOSIZE, &path->info) == 0 &&
           path->info.dls_size <= sizeof path->room &&
           dlinfo(map, RTLD_DI_SERINFO, &path->info) == 0;
}

bool zm_module_exists(const char *name)
{
    char file[FILE_NAME_SIZE];
    union search_path path;

    write_file_name(file, name);
    if (!read_search_path(&path))
        return true;
    for (unsigned i = 0; i < path.info.dls_cnt; i++) {
        char whole[4096];

        snprintf(whole, sizeof whole, "%s/%s", path.info.dls_serpath[i].dls_name, file);
        if (access(whole, R_OK) == 0)
            return true;
    }
    return false;
}

#else

/* Nothing tells where the linker looks: take it to be there. */
bool zm_module_exists(const char *name)
{
    (void)name;
    return true;
}

#endif
