/* SPDX-License-Identifier: BSD-3-Clause */

/* What is measured, in which units, and what each is called. */

#include "metric.h"

#include <string.h>

#define DIGITS_FROM 100 /* a value has at least three digits */
#define DECIMALS_MAX 4

static const struct unit seconds[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {NULL, 0}};
static const struct unit bytes[] = {
    {"B", 1}, {"KiB", 1024}, {"MiB", 1024.0 * 1024}, {"GiB", 1024.0 * 1024 * 1024}, {NULL, 0}};
static const struct unit numbers[] = {{"", 1}, {NULL, 0}};

const struct metric_kind metric_kinds[METRICS] = {
    [METRIC_WALL] = {"wall", "wall time", "wall_seconds", false, seconds},
    [METRIC_CPU] = {"cpu", "CPU time", "cpu_seconds", false, seconds},
    [METRIC_RSS] = {"rss", "peak RSS", "peak_rss_bytes", true, bytes},
    [METRIC_FAULTS] = {"faults", "page faults", "page_faults", true, numbers},
    [METRIC_PEAK] = {"peak", "zmalloc's peak", "zmalloc_peak_bytes", true, bytes},
};

enum metric find_metric(const char *word)
{
    for (int metric = 0; metric < METRICS; metric++)
        if (strcmp(metric_kinds[metric].word, word) == 0)
            return (enum metric)metric;
    return METRICS;
}

struct scale choose_scale(enum metric metric, double least, double most)
{
    const struct unit *unit = metric_kinds[metric].units;
    struct scale scale = {.decimals = 0};

    while (unit[1].name != NULL && most >= unit[1].size)
        unit++;
    scale.unit = *unit;
    /* What is counted has no decimals. */
    if (unit->size == 1 && metric_kinds[metric].whole)
        return scale;
    for (double value = (least > 0 ? least : most) / unit->size;
         value > 0 && value < DIGITS_FROM && scale.decimals < DECIMALS_MAX; value *= 10)
        scale.decimals++;
    return scale;
}
