/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_COMPARISON_H
#define TOOLS_COMPARISON_H

/* What compare measures, and what it has measured. */

#include <stdbool.h>
#include <stddef.h>

#include "metric.h"
#include "statistics.h"

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
