/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_COMPARISON_H
#define TOOLS_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "compare/figure.h"
#include "compare/statistics.h"
#include "compare/variant.h"

/* ---- Metrics ---- */

/* What is measured of a run; the last only if the user has said how it is found. */
enum metric {
    METRIC_WALL,
    METRIC_CPU,
    METRIC_RSS,
    METRIC_FAULTS,
    METRIC_PEAK,
    METRIC_PRINTED,
    METRICS
};

struct sample {
    double of[METRICS]; /* seconds, bytes, or a number; NAN: not known */
};

struct unit {
    const char *name;
    double size;
};

struct metric_kind {
    const char *word;         /* for --metric */
    const char *title;        /* for tables and sentences */
    const char *key;          /* for JSON, with its unit */
    const char *unit;         /* "" if it has none */
    bool whole;               /* a sample is a whole number */
    bool more_is_better;      /* of the figure that the program prints it may be so */
    int decimals;             /* at most */
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

struct scale choose_scale(const struct metric_kind *kind, double least, double most);

#define VALUE_SIZE 64

/* The value in that scale, without the unit; "-" for NAN. Returns the text. */
const char *show_value(const struct scale *scale, double value, char text[VALUE_SIZE]);

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
    struct variant variant;
    char *version; /* NULL until a run has told */
    struct sample *samples;
    size_t runs;                       /* measured, each a sample */
    char *failure;                     /* how the program failed on it, NULL where it did not */
    const char *outcome;               /* the failure in a few words, for tables */
    char *printed;                     /* what the program printed then, the end of it */
    struct summary summaries[METRICS]; /* where there are samples and no failure */
};

struct comparison {
    char **program; /* with its arguments */
    size_t runs;    /* wanted of each */
    size_t warmup;
    const char *prepare;         /* for sh, before each run; NULL: nothing */
    double timeout;              /* seconds that a run may take; INFINITY: as long as it likes */
    const struct figure *figure; /* that the program prints; NULL: none is looked for */
    struct metric_kind printed;  /* what is known of it */
    enum metric metric;          /* that the verdict and the chart are about */
    struct subject *subjects;
    size_t count;
    bool interrupted;
};

/* How many metrics there are, from the first on. */
int metrics_of(const struct comparison *comparison);

const struct metric_kind *kind_of(const struct comparison *comparison, enum metric metric);

/* Whether it takes part: it was measured, and the program never failed on it. */
bool takes_part(const struct subject *subject);

/* Whether it takes part, and the metric could be measured. */
bool is_known(const struct subject *subject, enum metric metric);

/* Whether every row is a backend and nothing more. */
bool are_backends(const struct comparison *comparison);

/* The subject that ratios are to, the first that takes part; NULL where none does. */
const struct subject *first_of(const struct comparison *comparison);

/*
 * The median over that of the first; NAN if either is not above 0, which says no more than that it
 * is not, or is not known.
 */
double ratio_to(const struct subject *first, const struct subject *subject, enum metric metric);

/* The same for the first that takes part, with three decimals; "-" for NAN. */
void show_ratio(const struct comparison *comparison, const struct subject *subject,
                enum metric metric, char text[VALUE_SIZE]);

/* How the medians of all are shown of which the metric is known. */
struct scale scale_of(const struct comparison *comparison, enum metric metric);

/* Fills in the summaries. */
void summarize_all(struct comparison *comparison);

/* Room for all that a subject will have. */
struct sample *allocate_samples(const struct comparison *comparison);

/* And all that they have. */
void free_subjects(struct comparison *comparison);

#endif
