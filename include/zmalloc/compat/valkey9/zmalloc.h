/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_COMPAT_VALKEY9_ZMALLOC_H
#define ZMALLOC_COMPAT_VALKEY9_ZMALLOC_H

/*
 * Replaces the zmalloc.h of Valkey 9: remove Valkey's zmalloc.h and zmalloc.c, and compile with the
 * flags of pkg-config zmalloc-valkey9. See docs/porting.md.
 *
 * In Valkey's header zmalloc is a macro for valkey_malloc, and so on; here the names are functions.
 * Sources that declare valkey_malloc themselves find it in libzmalloc-valkey9.a.
 */

#ifdef __ZMALLOC_H
#error "Valkey's own zmalloc.h came first: remove it, or put this one before it"
#endif
/* Valkey's own guard: if its header is found later, it is empty. */
#define __ZMALLOC_H

#include <stddef.h>

#include "../zmalloc_compat.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A size_hint other than 0 is the approximate size of the block. A block of less than two pages
 * hardly ever contains a whole page, so it is not even looked up. */
static inline void zmalloc_valkey9_madvise_dontneed(void *ptr, size_t size_hint)
{
    const size_t smallest_page = 4096;

    if (size_hint == 0 || size_hint >= 2 * smallest_page)
        zmadvise_dontneed(ptr);
}
#undef zmadvise_dontneed
#define zmadvise_dontneed zmalloc_valkey9_madvise_dontneed

#ifdef __cplusplus
}
#endif

#endif
