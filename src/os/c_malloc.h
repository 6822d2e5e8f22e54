/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_C_MALLOC_H
#define ZM_C_MALLOC_H

/*
 * The malloc that is below the backends libc and native. It is that of the process, as the linker
 * found it: the C library's, or one that replaces it (a sanitizer's, say). If our own preload
 * library is the malloc of the process, these are the C library's functions behind it.
 */

#include <stddef.h>

#include "base.h"

struct zm_c_malloc {
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t num, size_t size);
    void *(*realloc)(void *ptr, size_t size);
    int (*posix_memalign)(void **ptr, size_t alignment, size_t size);
    void (*free)(void *ptr);
    size_t (*usable_size)(void *ptr); /* NULL if the C library has no such function */
    int (*trim)(size_t pad);          /* likewise */
};

extern struct zm_c_malloc zm_c_malloc;

/*
 * One of these functions, called directly: the compiler knows malloc(), and that saves three
 * instructions for a block. So those backends are compiled a second time for a process with the preload
 * library.
 */
#ifdef ZM_BEHIND_PRELOAD
#define ZM_C_MALLOC(function) zm_c_malloc.function
#else
#define ZM_C_MALLOC(function) function
#endif

/* The archive's malloc is that of the process, whoever's that is; and the preload library is for ELF. */
#if !defined(ZM_ARCHIVE) && defined(__ELF__)
#define ZM_MAY_BE_BEHIND
#endif

#ifdef ZM_MAY_BE_BEHIND
/* Whether the preload library is in the process. */
bool zm_c_malloc_is_behind(void);
/* Of the preload library. */
ZMALLOC_API void zm_preload_find_c_malloc(struct zm_c_malloc *functions);
#endif

/* Before a backend is started: asks the preload library, if it is in the process. Calls the linker,
 * which may allocate. */
void zm_c_malloc_find(void);

#endif
