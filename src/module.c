/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Backends in shared objects of their own, libzmalloc-NAME.so. They are opened when chosen, for
 * themselves alone, and never closed. Called without the choice lock, and by several threads at once.
 */

#include <dlfcn.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "build.h"
#include "internal.h"
#include "module_file.h"

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

/* Each is of a sanitizer that stands before dlopen() and ends a process that asks for this. */
void address_sanitizer(void) __asm__("__asan_init") __attribute__((weak));
void hardware_sanitizer(void) __asm__("__hwasan_init") __attribute__((weak));
void memory_sanitizer(void) __asm__("__msan_init") __attribute__((weak));
void thread_sanitizer(void) __asm__("__tsan_init") __attribute__((weak));

static int flag_for_own_names(void)
{
#ifdef RTLD_DEEPBIND
    if (address_sanitizer == NULL && hardware_sanitizer == NULL && memory_sanitizer == NULL &&
        thread_sanitizer == NULL)
        return RTLD_DEEPBIND;
#endif
    return 0;
}

static void open_first(const char *const *library)
{
    void *opened = NULL;

    while (*library != NULL && opened == NULL)
        opened = dlopen(*library++, RTLD_NOW | RTLD_LOCAL);
}

/* By its name alone it may still be found in the cache of ldconfig. */
static void *open_file(const char *file, int flags)
{
    struct zm_module_file found = zm_module_file_find(file);
    void *module = dlopen(found.path != NULL ? found.path : file, flags);

    zm_module_file_close(&found);
    return module;
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
    if (strcmp(instance->build, ZM_BUILD) != 0) {
        snprintf(why, ZM_WHY_SIZE, "%s is of zmalloc %s, this library is %s", file, instance->build,
                 ZM_BUILD);
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
    if (zm_table_check(backend, why) != 0 || check_name(name, backend, why) != 0)
        return ENOEXEC;
    *candidate = (struct zm_candidate){.backend = backend, .origin = path_of(backend)};
    return 0;
}

int zm_module_open(const char *name, const struct zm_module_needs *needs,
                   struct zm_candidate *candidate, char *why)
{
    int flags = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;
    char file[FILE_NAME_SIZE];
    const void *symbol;
    void *module;

    write_file_name(file, name);
    if (needs != NULL && needs->opens_first != NULL)
        open_first(needs->opens_first);
    if (needs != NULL && needs->own_names_first)
        flags |= flag_for_own_names();
    module = open_file(file, flags);
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

/* Where nothing tells where the linker looks it is taken to be there. */
bool zm_module_exists(const char *name)
{
    char file[FILE_NAME_SIZE];
    struct zm_module_file found;

    write_file_name(file, name);
    found = zm_module_file_find(file);
    zm_module_file_close(&found);
    return found.path != NULL || !found.searched;
}
