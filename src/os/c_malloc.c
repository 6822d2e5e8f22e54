/* SPDX-License-Identifier: BSD-3-Clause */

#include "os/c_malloc.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"

#if defined(__APPLE__)
#include <malloc/malloc.h>
#elif defined(__FreeBSD__)
#include <malloc_np.h>
#elif defined(__linux__)
#include <malloc.h>
#endif

/* Its parameter is not const everywhere, and its name is another. */
#if defined(__APPLE__)
static size_t usable_size(void *ptr)
{
    return malloc_size(ptr);
}
#define USABLE_SIZE usable_size
#elif defined(ZM_HAVE_MALLOC_USABLE_SIZE)
#define USABLE_SIZE malloc_usable_size
#else
#define USABLE_SIZE NULL
#endif

#ifdef ZM_HAVE_MALLOC_TRIM
#define TRIM malloc_trim
#else
#define TRIM NULL
#endif

/* In memory that the linker makes read-only before the program runs, like what it calls itself. A
 * constant would do as well, but the compiler would see through it. */
#ifdef __ELF__
#define SEALED __attribute__((section(".data.rel.ro.c_malloc")))
#else
#define SEALED
#endif

struct zm_c_malloc zm_c_malloc SEALED = {
    .malloc = malloc,
    .calloc = calloc,
    .realloc = realloc,
    .posix_memalign = posix_memalign,
    .free = free,
    .usable_size = USABLE_SIZE,
    .trim = TRIM,
};

#ifdef ZM_MAY_BE_BEHIND

/* NULL without it. */
#pragma weak zm_preload_find_c_malloc

/* If the system does not let us write there, the write below ends the process. */
static void protect(int protection)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = (uintptr_t)&zm_c_malloc & ~(page - 1);
    uintptr_t end = (uintptr_t)(&zm_c_malloc + 1);

    mprotect((void *)begin, end - begin, protection);
}

static void find(void)
{
    struct zm_c_malloc found;

    zm_preload_find_c_malloc(&found);
    protect(PROT_READ | PROT_WRITE);
    zm_c_malloc = found;
    protect(PROT_READ);
}

bool zm_c_malloc_is_behind(void)
{
    return zm_preload_find_c_malloc != NULL;
}

#endif

/* The archive's malloc is that of the process, whoever's that is. */
void zm_c_malloc_find(void)
{
#ifdef ZM_MAY_BE_BEHIND
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    if (zm_c_malloc_is_behind())
        pthread_once(&once, find);
#endif
}
