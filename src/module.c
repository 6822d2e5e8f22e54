/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Backends that are modules, libzmalloc-NAME.so: where they are, and how they are opened. They are
 * opened when chosen, with their symbols kept local, and never closed. Called without the choice
 * lock, and by several threads at once.
 */

#include <dlfcn.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base.h"
#include "build.h"
#include "config.h"
#include "instance.h"
#include "module.h"
#include "ours.h"
#include "table_check.h"

#if defined(__GLIBC__)
#include <link.h>
#endif

/*
 * ---- Where a module is ----
 *
 * dlopen() of the bare name would search on behalf of its caller. With a sanitizer the caller is
 * the sanitizer, which does not know our folder; and musl searches no folder of a library at all.
 */

struct module_file {
    const char *path; /* NULL: not found */
    bool searched;    /* false: nobody knows where the dynamic linker looks */
    void *memory;     /* mapped, because stacks of threads are small */
    size_t size;
};

static bool take_memory(struct module_file *found, size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return false;
    found->memory = memory;
    found->size = size;
    return true;
}

static void close_file(struct module_file *found)
{
    if (found->memory != NULL)
        munmap(found->memory, found->size);
}

#if defined(__GLIBC__)

static struct link_map *our_map(void)
{
    static const char here;
    struct link_map *map = NULL;
    Dl_info ignored;

    return dladdr1(&here, &ignored, (void **)&map, RTLD_DL_LINKMAP) != 0 ? map : NULL;
}

/* The memory begins with the folders. After them there is room for a path, since each folder is
 * shorter than all of them together. */
static const Dl_serinfo *read_folders(struct module_file *found, size_t file_size)
{
    struct link_map *map = our_map();
    Dl_serinfo size;
    Dl_serinfo *folders;

    if (map == NULL || dlinfo(map, RTLD_DI_SERINFOSIZE, &size) != 0 ||
        !take_memory(found, 2 * size.dls_size + file_size))
        return NULL;
    folders = found->memory;
    folders->dls_size = size.dls_size;
    folders->dls_cnt = size.dls_cnt;
    return dlinfo(map, RTLD_DI_SERINFO, folders) == 0 ? folders : NULL;
}

static struct module_file find_file(const char *file)
{
    struct module_file found = {0};
    size_t file_size = sizeof "/" + strlen(file);
    const Dl_serinfo *folders = read_folders(&found, file_size);
    size_t room;
    char *path;

    if (folders == NULL)
        return found;
    path = (char *)found.memory + folders->dls_size;
    room = found.size - folders->dls_size;
    for (unsigned i = 0; i < folders->dls_cnt && found.path == NULL; i++) {
        snprintf(path, room, "%s/%s", folders->dls_serpath[i].dls_name, file);
        if (access(path, R_OK) == 0)
            found.path = path;
    }
    found.searched = true;
    return found;
}

#else

/* Beside the library: as installed, and as in a build tree. */
static const char *const folders[] = {ZM_MODULE_FOLDER "/", ""};
#define FOLDERS (sizeof folders / sizeof *folders)

/* There is no way to know where else the linker looks. */
static struct module_file find_file(const char *file)
{
    static const char here;
    struct module_file found = {0};
    size_t length;
    Dl_info library;
    const char *slash;

    if (dladdr(&here, &library) == 0 || (slash = strrchr(library.dli_fname, '/')) == NULL)
        return found;
    length = (size_t)(slash - library.dli_fname) + 1;
    if (!take_memory(&found, length + sizeof ZM_MODULE_FOLDER "/" + strlen(file)))
        return found;
    for (size_t i = 0; i < FOLDERS && found.path == NULL; i++) {
        snprintf(found.memory, found.size, "%.*s%s%s", (int)length, library.dli_fname, folders[i],
                 file);
        if (access(found.memory, R_OK) == 0)
            found.path = found.memory;
    }
    return found;
}

#endif

/* ---- Opening one ---- */

#define FILE_NAME_SIZE (sizeof "libzmalloc-.so" + ZM_NAME_MAX)

static void write_file_name(char file[FILE_NAME_SIZE], const char *name)
{
    snprintf(file, FILE_NAME_SIZE, "libzmalloc-%s.so", name);
}

/* Whether the linker complains that the file itself is missing, in glibc's words or in musl's. If a
 * library that the file needs is missing, the message begins with that one's name. */
static bool says_no_such_file(const char *complaint, const char *file)
{
    static const char musl[] = "Error loading shared library ";
    size_t length = strlen(file);

    if (strncmp(complaint, musl, sizeof musl - 1) == 0)
        complaint += sizeof musl - 1;
    return strncmp(complaint, file, length) == 0 && complaint[length] == ':' &&
           strstr(complaint, "No such file") != NULL;
}

/* In the language that says_no_such_file() understands, whatever the program has set. */
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

/* Each of these sanitizers intercepts dlopen() and ends a process that uses the flag. */
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

/* The bare name may still be in the cache of ldconfig. */
static void *open_file(const char *file, int flags)
{
    struct module_file found = find_file(file);
    void *module = dlopen(found.path != NULL ? found.path : file, flags);

    close_file(&found);
    return module;
}

/* The file that has the symbol. The text lives as long as the module. */
static const char *path_of(const void *symbol)
{
    Dl_info info;

    return dladdr(symbol, &info) != 0 ? info.dli_fname : "a module";
}

/* Refuses a module whose file was renamed. */
static int check_name(const char *name, const struct zmalloc_backend *backend, char *why)
{
    if (strcmp(backend->name, name) == 0)
        return 0;
    snprintf(why, ZM_WHY_SIZE, "the module calls itself %s", backend->name);
    return ENOEXEC;
}

/* One of our modules: built with the library, and bound to its internals. */
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
    zm_ours_add(instance);
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

/* If nobody knows where the linker looks, the module is assumed to exist. */
bool zm_module_exists(const char *name)
{
    char file[FILE_NAME_SIZE];
    struct module_file found;

    write_file_name(file, name);
    found = find_file(file);
    close_file(&found);
    return found.path != NULL || !found.searched;
}
