/* SPDX-License-Identifier: BSD-3-Clause */

#include "platform.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "kept_text.h"

#if defined(ZM_HAVE_MALLINFO2) || defined(ZM_HAVE_MALLOC_TRIM)
#include <malloc.h>
#endif

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#define C_LIBRARY_VERSION gnu_get_libc_version()
#else
#define C_LIBRARY_VERSION "unknown"
#endif

#define VERSION_SIZE 160

static char version[VERSION_SIZE];
static bool version_is_kept;

static const char *file_defining(void *function)
{
    Dl_info info;

    return dladdr(function, &info) != 0 ? info.dli_fname : NULL;
}

/* getpid stands for the C library: nobody replaces it. In a static program both are the program. */
static void write_version(char text[VERSION_SIZE])
{
    const char *malloc_file = file_defining((void *)(uintptr_t)malloc);
    const char *libc_file = file_defining((void *)(uintptr_t)getpid);
    const char *slash;

    if (malloc_file == NULL || libc_file == NULL || strcmp(malloc_file, libc_file) == 0) {
        snprintf(text, VERSION_SIZE, "%s", C_LIBRARY_VERSION);
        return;
    }
    slash = strrchr(malloc_file, '/');
    snprintf(text, VERSION_SIZE, "%s, malloc of %s", C_LIBRARY_VERSION,
             slash != NULL ? slash + 1 : malloc_file);
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

#ifdef ZM_HAVE_MALLINFO2

/* It knows nothing of a malloc that stands before the C library's own. */
static bool mallinfo2_is_of_malloc(void)
{
    const char *malloc_file = file_defining((void *)(uintptr_t)malloc);
    const char *mallinfo2_file = file_defining((void *)(uintptr_t)mallinfo2);

    return malloc_file == NULL || mallinfo2_file == NULL ||
           strcmp(malloc_file, mallinfo2_file) == 0;
}

/* active is what the heaps have from the system; the C library keeps no count of resident pages. */
static void ask_mallinfo2(size_t *allocated, size_t *active)
{
    struct mallinfo2 info = mallinfo2();

    *allocated = info.uordblks + info.hblkhd;
    *active = info.arena + info.hblkhd;
}

#endif

void zm_platform_allocator_info(size_t *allocated, size_t *active, size_t *resident,
                                size_t *retained, size_t *muzzy)
{
    (void)resident;
    (void)retained;
    (void)muzzy;
#ifdef ZM_HAVE_MALLINFO2
    if (mallinfo2_is_of_malloc())
        ask_mallinfo2(allocated, active);
#else
    (void)allocated;
    (void)active;
#endif
}

int zm_platform_purge(void)
{
#ifdef ZM_HAVE_MALLOC_TRIM
    malloc_trim(0);
    return 0;
#else
    return ENOTSUP;
#endif
}
