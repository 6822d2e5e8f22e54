/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_METRIC_H
#define TOOLS_METRIC_H

#include <stdbool.h>
#include <stddef.h>

/* What is measured of a run. Less is better, for all of them. */
enum metric { METRIC_WALL, METRIC_CPU, METRIC_RSS, METRIC_FAULTS, METRIC_PEAK, METRICS };

struct sample {
    double of[METRICS]; /* seconds, bytes, or a number */
};

struct unit {
    const char *name;
    double size;
};

struct metric_kind {
    const char *word;         /* for --metric */
    const char *title;        /* for tables and sentences */
    const char *key;          /* for JSON, with its unit */
    bool whole;               /* a sample is a whole number */
    const struct unit *units; /* from the smallest on; the last has no name */
};

extern const struct metric_kind metric_kinds[METRICS];

/* The metric that the word means, or METRICS. */
enum metric find_metric(const char *word);

/* How values of a metric are shown beside each other: one unit, and as many decimals. */
struct scale {
    struct unit unit;
    int decimals;
};

struct scale choose_scale(enum metric metric, double least, double most);

#endif
