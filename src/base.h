/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_BASE_H
#define ZM_BASE_H

/* Function attributes and the limits of requests, for every file of the library. */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zmalloc_backend.h"

/*
 * ZM_PRIVATE marks functions that our own modules (libzmalloc-NAME.so), which come from the same
 * build, call too. They are exported under the symbol version ZMALLOC_PRIVATE and may change with
 * every release. The archive has no modules, so it hides them.
 */
#ifdef ZM_ARCHIVE
#define ZM_PRIVATE __attribute__((visibility("hidden")))
#else
#define ZM_PRIVATE ZMALLOC_API
#endif
/* scripts/coverage.sh defines it differently, to count each function once. */
#ifndef ZM_INLINE
#define ZM_INLINE static inline __attribute__((always_inline))
#endif
#define ZM_COLD __attribute__((cold, noinline))
#define ZM_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define ZM_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* Tells the compiler that the condition is true. */
#define ZM_ASSUME(condition)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_unreachable();                                                               \
    } while (0)

/* Keeps a rarely used variable on the stack; in a register it would have to be saved. */
#define ZM_SPILL(variable) __asm__("" : "+m"(variable))

/* The thread sanitizer has to see all accesses that threads share, so some are written differently
 * for it. */
#if defined(__SANITIZE_THREAD__)
#define ZM_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ZM_THREAD_SANITIZER
#endif
#endif

/* EX_CONFIG in sysexits.h. */
#define ZM_EXIT_CONFIG 78

/* A request of this size or more fails. */
#define ZM_SIZE_LIMIT (SIZE_MAX / 2)
/* What size 0 counts as. */
#define ZM_SIZE_OF_NOTHING sizeof(long)

/* Names of backends and layers have at most this many characters. */
#define ZM_NAME_MAX 31
/* A choice has at most this many layers, each once. */
#define ZM_LAYERS_MAX 4
/* LAYER+LAYER+NAME */
#define ZM_WHOLE_NAME_MAX ((ZM_LAYERS_MAX + 1) * (ZM_NAME_MAX + 1) - 1)
/* Reasons are cut to this size, the final 0 included. */
#define ZM_WHY_SIZE 200

/* What a public function returns for an errno value: 0, or -1 with errno set. */
static inline int zm_result(int error)
{
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

#endif
