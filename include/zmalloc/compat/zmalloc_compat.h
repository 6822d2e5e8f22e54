/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_COMPAT_H
#define ZMALLOC_COMPAT_H

/*
 * What the headers for Redis 7 and Valkey 9 share: names that both servers have, and that this
 * library lacks or has with other parameters. If a parameter differs, a macro leads to a function
 * of the right type. The macro takes no arguments, so the address of the function can be taken.
 */

#include "../../zmalloc.h"
#include "jemalloc/jemalloc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every backend reports sizes; zmalloc_size() and zmalloc_usable_size() are functions. */
#define HAVE_MALLOC_SIZE 1

/* Compiles in the code that talks to jemalloc, because jemalloc may be active; jemalloc/jemalloc.h
 * makes it work. */
#ifndef USE_JEMALLOC
#define USE_JEMALLOC
#endif

static inline void set_jemalloc_bg_thread(int enable)
{
    (void)zmalloc_set_background_thread(enable);
}

/* Purges the active allocator, whichever it is. Returns 0, or -1 if it cannot purge. */
static inline int jemalloc_purge(void)
{
    return zmalloc_purge() < 0 ? -1 : 0;
}

/* Returns 1, or 0 if there is no such field. */
static inline int get_proc_stat_ll(int i, long long *res)
{
    return zmalloc_get_proc_stat(i, res) == 0;
}

static inline size_t zmalloc_compat_get_smap_bytes_by_field(char *field, long pid)
{
    return zmalloc_get_smap_bytes_by_field(field, pid);
}
#undef zmalloc_get_smap_bytes_by_field
#define zmalloc_get_smap_bytes_by_field zmalloc_compat_get_smap_bytes_by_field

#ifdef __cplusplus
}
#endif

#endif
