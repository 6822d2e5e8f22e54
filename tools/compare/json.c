/* SPDX-License-Identifier: BSD-3-Clause */

/* The results of a comparison for programs. */

#include "compare/report.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

static json_t *to_value(const struct metric_kind *kind, double value)
{
    return kind->whole && !isnan(value) ? json_integer((json_int_t)value) : number_or_null(value);
}

static json_t *to_sample(const struct comparison *comparison, const struct sample *sample)
{
    json_t *object = json_object();

    for (int metric = 0; metric < metrics_of(comparison); metric++) {
        const struct metric_kind *kind = kind_of(comparison, (enum metric)metric);

        json_object_set_new(object, kind->key, to_value(kind, sample->of[metric]));
    }
    return object;
}

static json_t *to_metric(const struct comparison *comparison, const struct subject *subject,
                         enum metric metric)
{
    const struct summary *summary = &subject->summaries[metric];
    double ratio = ratio_to(first_of(comparison), subject, metric);

    if (!is_known(subject, metric))
        return json_null();
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:o}", "median", summary->median, "low",
                     summary->low, "high", summary->high, "min", summary->least, "max",
                     summary->most, "ratio", number_or_null(ratio));
}

static json_t *to_summary(const struct comparison *comparison, const struct subject *subject)
{
    json_t *object = json_object();

    for (int metric = 0; metric < metrics_of(comparison); metric++)
        json_object_set_new(object, kind_of(comparison, (enum metric)metric)->key,
                            to_metric(comparison, subject, (enum metric)metric));
    return object;
}

static json_t *to_failure(const struct subject *subject)
{
    if (subject->failure == NULL)
        return json_null();
    return json_pack("{s:o, s:o}", "why", text_json(subject->failure), "printed",
                     text_json(subject->printed));
}

static json_t *to_words(char *const *words)
{
    json_t *array = json_array();

    for (; *words != NULL; words++)
        json_array_append_new(array, text_json(*words));
    return array;
}

static json_t *to_subject(const struct comparison *comparison, const struct subject *subject)
{
    const struct variant *variant = &subject->variant;
    json_t *samples = json_array();

    for (size_t run = 0; run < subject->runs; run++)
        json_array_append_new(samples, to_sample(comparison, &subject->samples[run]));
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", text_json(variant->name), "backend",
        string_or_null(variant->backend), "variables", to_words(variant->variables), "version",
        string_or_null(subject->version), "failure", to_failure(subject), "summary",
        takes_part(subject) ? to_summary(comparison, subject) : json_null(), "samples", samples);
}

/* What --metric-regex and its kin have said. */
static json_t *to_printed(const struct comparison *comparison)
{
    if (comparison->figure == NULL)
        return json_null();
    return json_pack("{s:o, s:o, s:s}", "name", text_json(comparison->printed.title), "regex",
                     text_json(comparison->figure->text), "better",
                     comparison->printed.more_is_better ? "higher" : "lower");
}

static json_t *to_results(const struct comparison *comparison)
{
    const struct subject *first = first_of(comparison);
    json_t *backends = json_array();
    char *verdict = verdict_on(comparison);
    json_t *results;

    for (size_t i = 0; i < comparison->count; i++)
        json_array_append_new(backends, to_subject(comparison, &comparison->subjects[i]));
    results =
        json_pack("{s:i, s:s, s:o, s:I, s:I, s:o, s:o, s:b, s:s, s:o, s:o, s:o, s:o}", "schema", 1,
                  "zmalloc", VERSION, "program", to_words(comparison->program), "runs",
                  (json_int_t)comparison->runs, "warmup", (json_int_t)comparison->warmup, "prepare",
                  string_or_null(comparison->prepare), "timeout_seconds",
                  isinf(comparison->timeout) ? json_null() : json_real(comparison->timeout),
                  "interrupted", comparison->interrupted, "metric",
                  metric_kinds[comparison->metric].word, "printed", to_printed(comparison),
                  "ratio_to", string_or_null(first != NULL ? first->variant.name : NULL), "verdict",
                  text_json(verdict), "backends", backends);
    free(verdict);
    return results;
}

const char *write_json(const struct comparison *comparison, FILE *to)
{
    json_t *results = to_results(comparison);
    bool failed =
        results != NULL && (json_dumpf(results, to, JSON_INDENT(1)) != 0 || fputc('\n', to) == EOF);

    if (results == NULL)
        return strerror(ENOMEM);
    json_decref(results);
    return failed ? strerror(EIO) : NULL;
}
