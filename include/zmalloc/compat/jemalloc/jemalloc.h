/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_COMPAT_JEMALLOC_H
#define ZMALLOC_COMPAT_JEMALLOC_H

/*
 * For sources that call jemalloc directly: the three functions that Redis and Valkey use outside
 * their zmalloc.c, over whichever backend is active. With jemalloc they do what jemalloc's own do,
 * except for flags and options. With another backend they do what that backend can, and otherwise
 * fail as jemalloc's would. Allocation belongs to zmalloc alone, so je_malloc and its kin are
 * missing.
 *
 * The version macros are missing, too, because sources take them as a promise of what is not here.
 * Those of Valkey get them, and what they promise, from valkey9/jemalloc/jemalloc.h.
 */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "../../../zmalloc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Returns 0 or an errno value; ENOENT also if the active allocator has no controls at all. */
static inline int je_mallctl(const char *name, void *oldp, size_t *oldlenp, void *newp,
                             size_t newlen)
{
    if (zmalloc_backend_ctl(name, oldp, oldlenp, newp, newlen) == 0)
        return 0;
    return errno == ENOTSUP ? ENOENT : errno;
}

/*
 * Returns 0 if the active allocator does not know, if flags is not 0 (flags ask for alignment, a
 * thread cache or an arena), and if blocks have a prefix: callers compare the result with
 * zmalloc_size(), some to find out whether a block already has room, and the two would differ by
 * the prefix.
 */
static inline size_t je_nallocx(size_t size, int flags)
{
    return flags == 0 && zmalloc_backend_prefix_size() == 0 ? zmalloc_good_size(size) : 0;
}

/* ---- The report ---- */

struct zmalloc_compat_report {
    void (*write_cb)(void *opaque, const char *text);
    void *opaque;
    int is_begun;
};

static inline void zmalloc_compat_write(const struct zmalloc_compat_report *report,
                                        const char *text)
{
    if (report->write_cb != NULL)
        report->write_cb(report->opaque, text);
    else
        fputs(text, stderr);
}

static inline void zmalloc_compat_write_report(void *opaque, const char *text)
{
    struct zmalloc_compat_report *report = (struct zmalloc_compat_report *)opaque;

    if (!report->is_begun) {
        report->is_begun = 1;
        zmalloc_compat_write(report, zmalloc_lib());
        zmalloc_compat_write(report, "\n");
    }
    zmalloc_compat_write(report, text);
}

/* Ignores options, which are jemalloc's: the report is always complete, and text. Its first line names the
 * allocator, because not every allocator's own report does. */
static inline void je_malloc_stats_print(void (*write_cb)(void *opaque, const char *text),
                                         void *opaque, const char *options)
{
    struct zmalloc_compat_report report = {write_cb, opaque, 0};

    (void)options;
    if (zmalloc_stats_print(zmalloc_compat_write_report, &report) == 0)
        return;
    zmalloc_compat_write(&report, "Stats not supported for the current allocator, ");
    zmalloc_compat_write(&report, zmalloc_lib());
    zmalloc_compat_write(&report, "\n");
}

/* The names without the prefix. Sources for a system's jemalloc may define je_mallctl as mallctl in
 * turn. A macro does not expand within itself, so both names lead to the functions above. */
#define mallctl je_mallctl
#define nallocx je_nallocx
#define malloc_stats_print je_malloc_stats_print

#ifdef __cplusplus
}
#endif

#endif
