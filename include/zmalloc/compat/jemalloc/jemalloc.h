/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_COMPAT_JEMALLOC_H
#define ZMALLOC_COMPAT_JEMALLOC_H

/*
 * For sources that ask jemalloc directly: the three functions that Redis and Valkey use outside
 * their zmalloc.c, over whichever backend is active. With jemalloc they do what jemalloc's do, but
 * for flags and options; with another they do what it can, and else fail as jemalloc's would.
 * Blocks are zmalloc's affair alone: je_malloc and its like are not here.
 *
 * No version macros either: what they promise (utilization queries, size classes) is not there.
 */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "../../../zmalloc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 0 or an errno value: ENOENT also where the active allocator has no controls at all. */
static inline int je_mallctl(const char *name, void *oldp, size_t *oldlenp, void *newp,
                             size_t newlen)
{
    if (zmalloc_backend_ctl(name, oldp, oldlenp, newp, newlen) == 0)
        return 0;
    return errno == ENOTSUP ? ENOENT : errno;
}

/*
 * 0 where the active allocator cannot tell, for flags (those ask for alignment, a thread cache or
 * an arena), and where blocks have a prefix: callers compare this with zmalloc_size(), some to
 * learn that a block has room already, and there the two differ by the prefix.
 */
static inline size_t je_nallocx(size_t size, int flags)
{
    return flags == 0 && zmalloc_backend_prefix_size() == 0 ? zmalloc_good_size(size) : 0;
}

/* options are jemalloc's and left alone: the report is the whole one, as text. */
static inline void je_malloc_stats_print(void (*write_cb)(void *opaque, const char *text),
                                         void *opaque, const char *options)
{
    const char *const refusal[] = {"Stats not supported for the current allocator, ", zmalloc_lib(),
                                   "\n"};

    (void)options;
    if (zmalloc_stats_print(write_cb, opaque) == 0)
        return;
    for (size_t i = 0; i < sizeof refusal / sizeof *refusal; i++)
        if (write_cb != NULL)
            write_cb(opaque, refusal[i]);
        else
            fputs(refusal[i], stderr);
}

/* The names without the prefix. Sources for a system's jemalloc may define je_mallctl as mallctl in
 * turn: a macro does not expand within itself, so either leads to the functions above. */
#define mallctl je_mallctl
#define nallocx je_nallocx
#define malloc_stats_print je_malloc_stats_print

#ifdef __cplusplus
}
#endif

#endif
