/* SPDX-License-Identifier: BSD-3-Clause */

/* The results of a comparison for programs. */

#include "compare/report.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "compare/output.h"
#include "text.h"
#include "verb.h"

/* What jansson has no memory for becomes null, and that is found at the end. */

static json_t *string_or_null(const char *text)
{
    return text != NULL ? text_json(text) : json_null();
}

static json_t *number_or_null(double number)
{
    return isnan(number) ? json_null() : json_real(number);
}

static json_t *to_sample(const struct sample *sample)
{
    json_t *object = json_object();

    for (int metric = 0; metric < METRICS; metric++) {
        const struct metric_kind *kind = &metric_kinds[metric];

        json_object_set_new(object, kind->key,
                            kind->whole ? json_integer((json_int_t)sample->of[metric])
                                        : json_real(sample->of[metric]));
    }
    return object;
}

static json_t *to_summary(const struct subject *first, const struct subject *subject)
{
    json_t *object = json_object();

    for (int metric = 0; metric < METRICS; metric++) {
        const struct summary *summary = &subject->summaries[metric];

        json_object_set_new(
            object, metric_kinds[metric].key,
            json_pack("{s:f, s:f, s:f, s:o}", "median", summary->median, "low", summary->low,
                      "high", summary->high, "ratio",
                      number_or_null(ratio_to(first, subject, (enum metric)metric))));
    }
    return object;
}

static json_t *to_failure(const struct subject *subject)
{
    if (subject->failure == NULL)
        return json_null();
    return json_pack("{s:o, s:o}", "why", text_json(subject->failure), "printed",
                     text_json(subject->printed));
}

static json_t *to_subject(const struct subject *first, const struct subject *subject)
{
    json_t *samples = json_array();

    for (size_t run = 0; run < subject->runs; run++)
        json_array_append_new(samples, to_sample(&subject->samples[run]));
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", text_json(subject->backend), "version",
                     string_or_null(subject->version), "failure", to_failure(subject), "summary",
                     takes_part(subject) ? to_summary(first, subject) : json_null(), "samples",
                     samples);
}

static json_t *to_program(char *const *program)
{
    json_t *words = json_array();

    for (; *program != NULL; program++)
        json_array_append_new(words, text_json(*program));
    return words;
}

static json_t *to_results(const struct comparison *comparison)
{
    const struct subject *first = first_of(comparison);
    json_t *backends = json_array();
    char *verdict = verdict_on(comparison);
    json_t *results;

    for (size_t i = 0; i < comparison->count; i++)
        json_array_append_new(backends, to_subject(first, &comparison->subjects[i]));
    results = json_pack("{s:i, s:s, s:o, s:I, s:I, s:b, s:s, s:o, s:o, s:o}", "schema", 1,
                        "zmalloc", VERSION, "program", to_program(comparison->program), "runs",
                        (json_int_t)comparison->runs, "warmup", (json_int_t)comparison->warmup,
                        "interrupted", comparison->interrupted, "metric",
                        metric_kinds[comparison->metric].word, "ratio_to",
                        string_or_null(first != NULL ? first->backend : NULL), "verdict",
                        text_json(verdict), "backends", backends);
    free(verdict);
    return results;
}

int write_results(const struct comparison *comparison, const char *path)
{
    struct output output;
    json_t *results;
    int failed;

    if (open_output(&output, path) != 0)
        return -1;
    results = to_results(comparison);
    failed = results == NULL || json_dumpf(results, output.file, JSON_INDENT(1)) != 0 ||
             fputc('\n', output.file) == EOF;
    json_decref(results);
    if (!failed)
        return keep_output(&output);
    drop_output(&output);
    errno = results == NULL ? ENOMEM : EIO;
    return -1;
}
