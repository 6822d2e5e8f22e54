/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_COMPARISON_H
#define TOOLS_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "compare/statistics.h"

/* ---- Metrics ---- */

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

/* ---- Records ---- */

/* What a program that uses zmalloc has left behind with ZMALLOC_STATS=json:FILE. */
struct record {
    double peak_bytes;
    char *backend; /* with its layers; both are the caller's */
    char *version;
};

/*
 * Reads the record of the process pid, or else, where a program has made others that did the work,
 * the one with the largest peak. False where there is none.
 */
bool read_record(const char *path, pid_t pid, struct record *record);

void free_record(struct record *record);

/* ---- The comparison ---- */

/* What compare measures, and what it has measured. */

struct subject {
    char *backend;
    char *version; /* NULL until a run has told */
    struct sample *samples;
    size_t runs;                       /* measured, each a sample */
    char *failure;                     /* how the program failed on it, NULL where it did not */
    char *printed;                     /* what the program printed then, the end of it */
    struct summary summaries[METRICS]; /* where there are samples and no failure */
};

struct comparison {
    char **program; /* with its arguments */
    size_t runs;    /* wanted of each */
    size_t warmup;
    enum metric metric; /* that the verdict and the chart are about */
    struct subject *subjects;
    size_t count;
    bool interrupted;
};

/* Whether it takes part: it was measured, and the program never failed on it. */
bool takes_part(const struct subject *subject);

/* The subject that ratios are to, the first that takes part; NULL where none does. */
const struct subject *first_of(const struct comparison *comparison);

/* The median over that of the first; NAN if either is 0, which says no more than that it is. */
double ratio_to(const struct subject *first, const struct subject *subject, enum metric metric);

/* How the medians of all that take part are shown. */
struct scale scale_of(const struct comparison *comparison, enum metric metric);

/* Fills in the summaries. */
void summarize_all(struct comparison *comparison);

/* Room for all that a subject will have. */
struct sample *allocate_samples(const struct comparison *comparison);

/* And all that they have. */
void free_subjects(struct comparison *comparison);

#endif
