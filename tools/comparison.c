/* SPDX-License-Identifier: BSD-3-Clause */

/* What has been measured, summarized. */

#include "comparison.h"

#include <math.h>
#include <stdlib.h>

#include "memory.h"

bool takes_part(const struct subject *subject)
{
    return subject->runs > 0 && subject->failure == NULL;
}

const struct subject *first_of(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++)
        if (takes_part(&comparison->subjects[i]))
            return &comparison->subjects[i];
    return NULL;
}

double ratio_to(const struct subject *first, const struct subject *subject, enum metric metric)
{
    double base = first->summaries[metric].median;
    double median = subject->summaries[metric].median;

    return base > 0 && median > 0 ? median / base : (double)NAN;
}

struct scale scale_of(const struct comparison *comparison, enum metric metric)
{
    double least = INFINITY;
    double most = 0;

    for (size_t i = 0; i < comparison->count; i++) {
        const struct summary *summary = &comparison->subjects[i].summaries[metric];

        if (!takes_part(&comparison->subjects[i]))
            continue;
        least = fmin(least, summary->median);
        most = fmax(most, summary->median);
    }
    return choose_scale(metric, least, most);
}

static void summarize_subject(struct subject *subject)
{
    double *values = allocate(subject->runs, sizeof *values);

    for (int metric = 0; metric < METRICS; metric++) {
        for (size_t run = 0; run < subject->runs; run++)
            values[run] = subject->samples[run].of[metric];
        subject->summaries[metric] = summarize(values, subject->runs);
    }
    free(values);
}

void summarize_all(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++)
        if (takes_part(&comparison->subjects[i]))
            summarize_subject(&comparison->subjects[i]);
}

static size_t samples_size(const struct comparison *comparison)
{
    return comparison->runs * sizeof(struct sample);
}

struct sample *allocate_samples(const struct comparison *comparison)
{
    return allocate_unshared(samples_size(comparison));
}

void free_subjects(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++) {
        free(comparison->subjects[i].backend);
        free(comparison->subjects[i].version);
        release_unshared(comparison->subjects[i].samples, samples_size(comparison));
        free(comparison->subjects[i].failure);
        free(comparison->subjects[i].printed);
    }
    free(comparison->subjects);
}
