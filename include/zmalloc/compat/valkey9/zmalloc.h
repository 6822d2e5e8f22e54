/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_COMPAT_VALKEY9_ZMALLOC_H
#define ZMALLOC_COMPAT_VALKEY9_ZMALLOC_H

/*
 * The zmalloc.h that the sources of Valkey 9 expect, over this library. It stands in the place of
 * theirs: remove their zmalloc.h and zmalloc.c, and take the flags of pkg-config zmalloc-valkey9.
 * docs/porting.md has the way.
 *
 * Theirs makes zmalloc a macro for valkey_malloc, and so on; here the names are functions. Those
 * who declare valkey_malloc by themselves find it in libzmalloc-valkey9.a.
 */

#ifdef __ZMALLOC_H
#error "Valkey's own zmalloc.h came first: remove it, or put this one before it"
#endif
/* Theirs: should it be found later, it is empty. */
#define __ZMALLOC_H

#include <stddef.h>

#include "../zmalloc_compat.h"

#ifdef __cplusplus
extern "C" {
#endif

/* size_hint, where it is not 0, is about the size of the block: one of less than two pages hardly
 * has a whole one, and is not looked up. */
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
