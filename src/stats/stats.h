/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_STATS_H
#define ZM_STATS_H

/*
 * One picture of everything that is known, taken once and then written in one of three forms, which
 * therefore agree. Each number is a row of zm_figures, which has its name in every form. The texts
 * are written by each form itself.
 */

#include <sys/types.h>

#include "base.h"
#include "choice.h"
#include "stats/report_request.h"
#include "text_writer.h"
#include "zone.h"

enum zm_figure_id {
    ZM_USED,
    ZM_PEAK,
    ZM_EXTERNAL,
    ZM_HARD_LIMIT,
    ZM_SOFT_LIMIT,
    ZM_REFUSED,
    ZM_THREADS,
    ZM_ALLOCATED,
    ZM_ACTIVE,
    ZM_RESIDENT,
    ZM_RETAINED,
    ZM_MUZZY,
    ZM_RSS,
    ZM_PRIVATE_DIRTY,
    ZM_MINOR_FAULTS,
    ZM_MAJOR_FAULTS,
    ZM_FRAGMENTATION,
    ZM_RSS_OVERHEAD,
    ZM_MACHINE_MEMORY,
    ZM_MEMORY_LIMIT,
    ZM_MEMORY_HIGH,
    ZM_FIGURES
};

enum zm_unit {
    ZM_BYTES,
    ZM_COUNT, /* of what exists now */
    ZM_TOTAL, /* of what has happened; only grows */
    ZM_RATIO  /* in ten-thousandths */
};

#define ZM_RATIO_PLACES 4
#define ZM_RATIO_ONE 10000

struct zm_figure {
    const char *group; /* its object in JSON */
    const char *name;  /* in there */
    const char *metric;
    const char *label; /* for people */
    const char *help;
    enum zm_unit unit;
};

extern const struct zm_figure zm_figures[ZM_FIGURES];

#define ZM_UNKNOWN_FIGURE UINT64_MAX

struct zm_stats {
    const char *version; /* of zmalloc */
    pid_t pid;
    const char *backend; /* with its layers */
    const char *backend_version;
    size_t prefix_size;
    bool counts_by_itself;
    const struct zm_choice *choice;
    uint64_t figures[ZM_FIGURES];
    /* The zone after *zone, which is NULL at first; *zone becomes that one. False at the end. */
    bool (*next_zone)(const struct zm_stats *stats, const void **zone,
                      struct zm_zone_figures *figures);
};

/* ---- json.c, text.c, prometheus.c ---- */

void zm_stats_write_json(struct zm_writer *writer, const struct zm_stats *stats);
void zm_stats_write_text(struct zm_writer *writer, const struct zm_stats *stats);
void zm_stats_write_prometheus(struct zm_writer *writer, const struct zm_stats *stats);

/* ---- picture.c ---- */

/* Writes the report into buf, with the contract of zmalloc_stats_json(). A backend is active. In a
 * handler the allocator's own figures are unknown. */
int zm_stats_report(enum zm_form form, char *buf, size_t size, bool in_handler);

/* ---- at_exit.c ---- */

/* Reads ZMALLOC_STATS and complains if it is wrong. Called once, when the library is loaded. */
void zm_stats_exit_prepare(void);

#endif
