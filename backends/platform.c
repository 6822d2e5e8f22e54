/* SPDX-License-Identifier: BSD-3-Clause */

#include "platform.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "kept_text.h"
#include "other_threads.h"

#ifdef ZM_HAVE_MALLOC_TRIM
#include <malloc.h>
#endif

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#include <link.h>
#define C_LIBRARY_VERSION gnu_get_libc_version()
#else
#define C_LIBRARY_VERSION "unknown"
#endif

/* ---- Where functions are ---- */

static bool ask_linker(void *function, Dl_info *info)
{
#ifdef __GLIBC__
    const ElfW(Sym) *symbol = NULL;

    /* An address in the program of a function that it does not define stands for one elsewhere. */
    return dladdr1(function, info, (void **)&symbol, RTLD_DL_SYMENT) != 0 &&
           (symbol == NULL || symbol->st_shndx != SHN_UNDEF);
#else
    return dladdr(function, info) != 0;
#endif
}

static bool find(void *function, struct zm_object *object)
{
    const char *slash;
    Dl_info info;

    if (!ask_linker(function, &info) || info.dli_fname == NULL)
        return false;
    slash = strrchr(info.dli_fname, '/');
    object->base = info.dli_fbase;
    object->name = slash != NULL ? slash + 1 : info.dli_fname;
    return true;
}

bool zm_platform_are_together(void *function, void *other, struct zm_object *object,
                              struct zm_object *other_object)
{
    return !find(function, object) || !find(other, other_object) ||
           object->base == other_object->base;
}

/* If not, it tells of which object malloc is. */
static bool is_beside_malloc(void *function, struct zm_object *of_malloc)
{
    struct zm_object object;

    return zm_platform_are_together((void *)(uintptr_t)malloc, function, of_malloc, &object);
}

/* ---- The version ---- */

#define VERSION_SIZE 160

static char version[VERSION_SIZE];
static bool version_is_kept;

/* getpid stands for the C library: nobody replaces it. */
static void write_version(char text[VERSION_SIZE])
{
    struct zm_object of_malloc;

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

/* glibc goes through the heaps of all threads, but leaves the end of each but the first one, and
 * what the caches of threads hold. A malloc in the place of its own it does not know. */
int zm_platform_purge(void)
{
#ifdef ZM_HAVE_MALLOC_TRIM
    struct zm_object of_malloc;

    if (!is_beside_malloc((void *)(uintptr_t)malloc_trim, &of_malloc))
        return ENOTSUP;
    malloc_trim(0);
    return may_have_other_threads() ? EBUSY : 0;
#else
    return ENOTSUP;
#endif
}
