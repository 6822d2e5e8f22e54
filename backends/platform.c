/* SPDX-License-Identifier: BSD-3-Clause */

#include "platform.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "choice_lock.h"
#include "os/c_malloc.h"
#include "other_threads.h"

#ifdef __linux__
#include <sys/auxv.h>
#endif

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#include <link.h>
#define C_LIBRARY_VERSION gnu_get_libc_version()
#else
#define C_LIBRARY_VERSION "unknown"
#endif

/* ---- Where functions are ---- */

static const char *without_folders(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* glibc has _dl_find_object() since 2.35. */
#ifdef DLFO_EH_SEGMENT_TYPE

/* One past the last symbol of a table. Only its hash table knows. */
static uint32_t end_of_symbols(const uint32_t *hash)
{
    uint32_t bucket_count = hash[0];
    uint32_t first = hash[1];
    const uint32_t *buckets = hash + 4 + hash[2] * (sizeof(ElfW(Addr)) / sizeof *hash);
    const uint32_t *chains = buckets + bucket_count;
    uint32_t last = 0;

    /* GCOVR_EXCL_BR_START: by how a program was linked */
    for (uint32_t i = 0; i < bucket_count; i++)
        last = buckets[i] > last ? buckets[i] : last;
    if (last < first)
        return first; /* GCOVR_EXCL_LINE: of a program whose table has no symbol of its own */
    while ((chains[last - first] & 1) == 0)
        last++; /* GCOVR_EXCL_LINE: of one with several in the last bucket */
    /* GCOVR_EXCL_BR_STOP */
    return last + 1;
}

/*
 * If a program with a fixed address (no PIE) takes the address of a function in a library, an
 * address in the program becomes the function's address for the whole process. In the program's
 * symbol table the function is still undefined.
 */
static bool is_stand_in(const struct link_map *program, const void *function)
{
    const ElfW(Sym) *symbols = NULL;
    const uint32_t *hash = NULL;
    uint32_t end;

    /* GCOVR_EXCL_BR_START: as above */
    for (const ElfW(Dyn) *entry = program->l_ld; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_SYMTAB)
            symbols = (const ElfW(Sym) *)entry->d_un.d_ptr;
        if (entry->d_tag == DT_GNU_HASH)
            hash = (const uint32_t *)entry->d_un.d_ptr;
    }
    if (symbols == NULL || hash == NULL)
        return false; /* GCOVR_EXCL_LINE: of a program that was linked with another kind of table */
    end = end_of_symbols(hash);
    for (uint32_t i = 1; i < end; i++)
        if (symbols[i].st_shndx == SHN_UNDEF && symbols[i].st_value == (uintptr_t)function)
            return true;
    /* GCOVR_EXCL_BR_STOP */
    return false; /* GCOVR_EXCL_LINE: a program with a malloc of its own, that stays where it is */
}

/* Not dladdr(), which takes the dynamic linker's lock: a thread that holds it may be waiting for
 * the lock under which native starts. */
static bool find(void *function, struct zm_where *object)
{
    struct dl_find_object found;
    const struct link_map *map;

    if (_dl_find_object(function, &found) != 0)
        return false;
    map = found.dlfo_link_map;
    if (map->l_addr == 0 && map->l_ld != NULL && is_stand_in(map, function))
        return false;
    object->base = map;
    object->name =
        *map->l_name != '\0' ? without_folders(map->l_name) : program_invocation_short_name;
    return true;
}

#else

/* There is no way to learn whether an address in the program is only a stand-in. */
static bool is_in_program(const Dl_info *info)
{
#ifdef __linux__
    Dl_info program;

    return dladdr((void *)getauxval(AT_PHDR), &program) != 0 &&
           program.dli_fbase == info->dli_fbase;
#else
    (void)info;
    return false;
#endif
}

static bool find(void *function, struct zm_where *object)
{
    Dl_info info;

    if (dladdr(function, &info) == 0 || info.dli_fname == NULL || is_in_program(&info))
        return false;
    object->base = info.dli_fname; /* of each object there is one */
    object->name = without_folders(info.dli_fname);
    return true;
}

#endif

bool zm_platform_are_together(void *function, void *other, struct zm_where *object,
                              struct zm_where *other_object)
{
    return !find(function, object) || !find(other, other_object) ||
           object->base == other_object->base;
}

/* If not, *of_malloc becomes the object that malloc is in. */
static bool is_beside_malloc(void *function, struct zm_where *of_malloc)
{
    struct zm_where object;

    return zm_platform_are_together((void *)(uintptr_t)zm_c_malloc.malloc, function, of_malloc,
                                    &object);
}

/* ---- The version ---- */

#define VERSION_SIZE 160

static char version[VERSION_SIZE];
static bool version_is_kept;

/* getpid tells where the C library is: it is never replaced. */
static void write_version(char text[VERSION_SIZE])
{
    struct zm_where of_malloc;

    if (is_beside_malloc((void *)(uintptr_t)getpid, &of_malloc))
        snprintf(text, VERSION_SIZE, "%s", C_LIBRARY_VERSION);
    else
        snprintf(text, VERSION_SIZE, "%s, malloc of %s", C_LIBRARY_VERSION, of_malloc.name);
}

const char *zm_platform_version(void)
{
    char text[VERSION_SIZE];

    if (!zm_text_is_kept(&version_is_kept)) {
        write_version(text);
        zm_text_keep(version, &version_is_kept, text);
    }
    return version;
}

/* ---- Purging ---- */

/* glibc trims the heaps of all threads, but not the end of any but the first, nor what thread
 * caches hold. It knows nothing of a malloc that replaces its own. */
int zm_platform_purge(void)
{
    struct zm_where of_malloc;

    if (zm_c_malloc.trim == NULL)
        return ENOTSUP; /* GCOVR_EXCL_LINE: of C libraries without it, such as musl */
    if (!is_beside_malloc((void *)(uintptr_t)zm_c_malloc.trim, &of_malloc))
        return ENOTSUP; /* GCOVR_EXCL_LINE: under LD_PRELOAD, where a count may be lost */
    zm_c_malloc.trim(0);
    return may_have_other_threads() ? EBUSY : 0;
}
