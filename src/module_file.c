/* SPDX-License-Identifier: BSD-3-Clause */

#include "module_file.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"

#if defined(__GLIBC__)
#include <link.h>
#endif

static bool take_memory(struct zm_module_file *found, size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return false;
    found->memory = memory;
    found->size = size;
    return true;
}

void zm_module_file_close(struct zm_module_file *found)
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

/* The folders stand at the beginning of the memory, and behind them is room for a path: each is
 * shorter than all together. */
static const Dl_serinfo *read_folders(struct zm_module_file *found, size_t file_size)
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

struct zm_module_file zm_module_file_find(const char *file)
{
    struct zm_module_file found = {0};
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

/* Beside the library: what is installed, and a build tree. */
static const char *const folders[] = {ZM_MODULE_FOLDER "/", ""};
#define FOLDERS (sizeof folders / sizeof *folders)

/* Nothing tells where else the linker looks. */
struct zm_module_file zm_module_file_find(const char *file)
{
    static const char here;
    struct zm_module_file found = {0};
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
