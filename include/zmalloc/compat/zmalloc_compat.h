/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_COMPAT_H
#define ZMALLOC_COMPAT_H

/*
 * What the headers for the sources of Redis 7 and of Valkey 9 share: names that both have and the
 * library has not, or has with other parameters. Where a parameter differs a macro leads to a
 * function of the right shape; it names no call, so that the address can be taken.
 */

#include "../../zmalloc.h"
#include "jemalloc/jemalloc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every backend tells sizes; zmalloc_size() and zmalloc_usable_size() are functions. */
#define HAVE_MALLOC_SIZE 1

/*
 * The places that talk to jemalloc are compiled in, since it may be the active one, and work
 * through jemalloc/jemalloc.h. Active defragmentation, which needs its insides, is not: HAVE_DEFRAG
 * stays undefined.
 */
#ifndef USE_JEMALLOC
#define USE_JEMALLOC
#endif

static inline void set_jemalloc_bg_thread(int enable)
{
    (void)zmalloc_set_background_thread(enable);
}

/* Of whichever allocator is active. 0, or -1 where it cannot. */
static inline int jemalloc_purge(void)
{
    return zmalloc_purge() < 0 ? -1 : 0;
}

/* 1, or 0 where there is no such field. */
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
