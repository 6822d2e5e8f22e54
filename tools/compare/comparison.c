/* SPDX-License-Identifier: BSD-3-Clause */

/* What a comparison measures, and what it has measured. */

#include "compare/comparison.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verb.h"

/* ---- Metrics: what each is called, and its units ---- */

#define DIGITS_FROM 100 /* a value has at least three digits */
#define DECIMALS 4
#define DECIMALS_WITHOUT_UNITS 9
#define FIXED_BELOW 1e15 /* what is larger has an exponent */

static const struct unit seconds[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {NULL, 0}};
static const struct unit bytes[] = {
    {"B", 1}, {"KiB", 1024}, {"MiB", 1024.0 * 1024}, {"GiB", 1024.0 * 1024 * 1024}, {NULL, 0}};
static const struct unit numbers[] = {{"", 1}, {NULL, 0}};

const struct metric_kind metric_kinds[METRICS] = {
    [METRIC_WALL] = {"wall", "wall time", "wall_seconds", "s", false, false, DECIMALS, seconds},
    [METRIC_CPU] = {"cpu", "CPU time", "cpu_seconds", "s", false, false, DECIMALS, seconds},
    [METRIC_RSS] = {"rss", "peak RSS", "peak_rss_bytes", "bytes", true, false, DECIMALS, bytes},
    [METRIC_FAULTS] = {"faults", "page faults", "page_faults", "", true, false, 0, numbers},
    [METRIC_PEAK] = {"peak", "zmalloc's peak", "zmalloc_peak_bytes", "bytes", true, false, DECIMALS,
                     bytes},
    [METRIC_PRINTED] = {"printed", "printed figure", "printed", "", false, false,
                        DECIMALS_WITHOUT_UNITS, numbers},
};

enum metric find_metric(const char *word)
{
    for (int metric = 0; metric < METRICS; metric++)
        if (strcmp(metric_kinds[metric].word, word) == 0)
            return (enum metric)metric;
    return METRICS;
}

struct scale choose_scale(const struct metric_kind *kind, double least, double most)
{
    const struct unit *unit = kind->units;
    struct scale scale = {.decimals = 0};

    while (unit[1].name != NULL && most >= unit[1].size)
        unit++;
    scale.unit = *unit;
    /* What is counted has no decimals. */
    if (unit->size == 1 && kind->whole)
        return scale;
    for (double value = (least > 0 ? least : most) / unit->size;
         value > 0 && value < DIGITS_FROM && scale.decimals < kind->decimals; value *= 10)
        scale.decimals++;
    return scale;
}

const char *show_value(const struct scale *scale, double value, char text[VALUE_SIZE])
{
    value /= scale->unit.size;
    if (isnan(value))
        snprintf(text, VALUE_SIZE, "-");
    else if (fabs(value) < FIXED_BELOW)
        snprintf(text, VALUE_SIZE, "%.*f", scale->decimals, value);
    else
        snprintf(text, VALUE_SIZE, "%.6g", value);
    return text;
}

/* ---- The records that a program has written: one JSON object after the other ---- */

static double peak_of(const json_t *object)
{
    return json_number_value(json_object_get(json_object_get(object, "memory"), "peak_bytes"));
}

static bool is_of(const json_t *object, pid_t pid)
{
    return json_integer_value(json_object_get(object, "pid")) == pid;
}

/* Whether the object says more of the program than the best so far. */
static bool is_better(const json_t *object, const json_t *best, pid_t pid)
{
    if (best == NULL || is_of(object, pid))
        return true;
    return !is_of(best, pid) && peak_of(object) > peak_of(best);
}

static json_t *find_record(FILE *file, pid_t pid)
{
    json_t *best = NULL;
    json_t *object;

    while ((object = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL)) != NULL) {
        if (is_better(object, best, pid)) {
            json_decref(best);
            best = object;
        } else {
            json_decref(object);
        }
    }
    return best;
}

static char *copy_string(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return copy_text(text != NULL ? text : "", (size_t)-1);
}

bool read_record(const char *path, pid_t pid, struct record *record)
{
    FILE *file = fopen(path, "re");
    json_t *found = file != NULL ? find_record(file, pid) : NULL;

    if (file != NULL)
        fclose(file);
    if (found == NULL)
        return false;
    *record = (struct record){
        .peak_bytes = peak_of(found),
        .backend = copy_string(json_object_get(found, "backend"), "name"),
        .version = copy_string(json_object_get(found, "backend"), "version"),
    };
    json_decref(found);
    return true;
}

void free_record(struct record *record)
{
    free(record->backend);
    free(record->version);
}

/* ---- What has been measured, summarized ---- */

int metrics_of(const struct comparison *comparison)
{
    return comparison->figure != NULL ? METRICS : METRIC_PRINTED;
}

const struct metric_kind *kind_of(const struct comparison *comparison, enum metric metric)
{
    return metric == METRIC_PRINTED ? &comparison->printed : &metric_kinds[metric];
}

bool takes_part(const struct subject *subject)
{
    return subject->runs > 0 && subject->failure == NULL;
}

bool is_known(const struct subject *subject, enum metric metric)
{
    return takes_part(subject) && !isnan(subject->summaries[metric].median);
}

bool are_backends(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++)
        if (is_special(&comparison->subjects[i].variant))
            return false;
    return true;
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

void show_ratio(const struct comparison *comparison, const struct subject *subject,
                enum metric metric, char text[VALUE_SIZE])
{
    double ratio = ratio_to(first_of(comparison), subject, metric);

    if (isnan(ratio))
        snprintf(text, VALUE_SIZE, "-");
    else
        snprintf(text, VALUE_SIZE, "%.3f", ratio);
}

struct scale scale_of(const struct comparison *comparison, enum metric metric)
{
    double least = INFINITY;
    double most = 0;

    for (size_t i = 0; i < comparison->count; i++) {
        double size = fabs(comparison->subjects[i].summaries[metric].median);

        if (!is_known(&comparison->subjects[i], metric))
            continue;
        least = fmin(least, size);
        most = fmax(most, size);
    }
    return choose_scale(kind_of(comparison, metric), least, most);
}

static struct summary summarize_metric(const struct subject *subject, int metric)
{
    double *values = allocate(subject->runs, sizeof *values);
    struct summary summary = {NAN, NAN, NAN, NAN, NAN};
    bool known = true;

    for (size_t run = 0; run < subject->runs; run++) {
        values[run] = subject->samples[run].of[metric];
        known = known && !isnan(values[run]);
    }
    if (known)
        summary = summarize(values, subject->runs);
    free(values);
    return summary;
}

static void summarize_subject(struct subject *subject, int metrics)
{
    for (int metric = 0; metric < metrics; metric++)
        subject->summaries[metric] = summarize_metric(subject, metric);
}

void summarize_all(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++)
        if (takes_part(&comparison->subjects[i]))
            summarize_subject(&comparison->subjects[i], metrics_of(comparison));
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
        free_variant(&comparison->subjects[i].variant);
        free(comparison->subjects[i].version);
        release_unshared(comparison->subjects[i].samples, samples_size(comparison));
        free(comparison->subjects[i].failure);
        free(comparison->subjects[i].printed);
    }
    free(comparison->subjects);
}
