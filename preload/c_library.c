/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * glibc exports its malloc under names of its own as well, which nobody replaces. Other C libraries
 * (musl) do not: there the linker tells what comes after us. musl's calloc() and posix_memalign()
 * call the malloc() and aligned_alloc() of the process, ours, so they are made of its malloc() and
 * aligned_alloc() here.
 */

#include "c_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#ifdef __GLIBC__
#include <gnu/lib-names.h>
#endif

#include "os/c_malloc.h"

void *glibc_malloc(size_t size) __asm__("__libc_malloc") __attribute__((weak));
void *glibc_calloc(size_t num, size_t size) __asm__("__libc_calloc") __attribute__((weak));
void *glibc_realloc(void *ptr, size_t size) __asm__("__libc_realloc") __attribute__((weak));
void *glibc_memalign(size_t alignment, size_t size) __asm__("__libc_memalign")
    __attribute__((weak));
void glibc_free(void *ptr) __asm__("__libc_free") __attribute__((weak));

#ifdef __GLIBC__

/* Not what comes next: the program may be linked with another malloc, which has its own. */
void *zm_c_library_symbol(const char *name)
{
    void *library = dlopen(LIBC_SO, RTLD_LAZY | RTLD_NOLOAD);

    return library != NULL ? dlsym(library, name) : NULL;
}

#else

/* The call is not the last thing here, or the linker would look after the caller's library. */
void *zm_c_library_symbol(const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);

    __asm__ volatile("" : "+r"(symbol));
    return symbol;
}

#endif

/* ISO C knows no conversion between the two kinds of pointers. */
#define FIND(function, name)                                                                       \
    do {                                                                                           \
        void *symbol = zm_c_library_symbol(name);                                                  \
                                                                                                   \
        memcpy(&(function), &symbol, sizeof symbol);                                               \
    } while (0)

static void *(*next_malloc)(size_t size);
static void *(*next_memalign)(size_t alignment, size_t size);

static void *calloc_of_malloc(size_t num, size_t size)
{
    size_t total;
    void *ptr = NULL;

    if (__builtin_mul_overflow(num, size, &total))
        errno = ENOMEM;
    else
        ptr = next_malloc(total);
    return ptr != NULL ? memset(ptr, 0, total) : NULL;
}

static int posix_memalign_of_memalign(void **ptr, size_t alignment, size_t size)
{
    int saved_errno = errno;
    void *aligned = next_memalign(alignment, size);

    errno = saved_errno;
    if (aligned == NULL)
        return ENOMEM;
    *ptr = aligned;
    return 0;
}

static void find_by_the_linker(struct zm_c_malloc *functions)
{
    FIND(functions->malloc, "malloc");
    FIND(functions->realloc, "realloc");
    FIND(functions->free, "free");
    FIND(next_memalign, "aligned_alloc");
    functions->calloc = calloc_of_malloc;
}

/* What the backends libc and native allocate from. */
void zm_preload_find_c_malloc(struct zm_c_malloc *functions)
{
    *functions = (struct zm_c_malloc){
        .malloc = glibc_malloc,
        .calloc = glibc_calloc,
        .realloc = glibc_realloc,
        .free = glibc_free,
    };
    next_memalign = glibc_memalign;
    if (glibc_malloc == NULL || glibc_calloc == NULL || glibc_realloc == NULL ||
        glibc_free == NULL || glibc_memalign == NULL)
        find_by_the_linker(functions);
    next_malloc = functions->malloc;
    functions->posix_memalign = posix_memalign_of_memalign;
    FIND(functions->usable_size, "malloc_usable_size");
    FIND(functions->trim, "malloc_trim");
}
