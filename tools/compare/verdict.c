/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What a comparison shows, in one sentence. The backend with the lowest median is the lowest only
 * where its interval is apart from another's.
 */

#include "compare/report.h"

#include <stdio.h>
#include <stdlib.h>

#include "verb.h"

struct field {
    const struct comparison *comparison;
    const struct subject *lowest;
    const struct subject
        *apart;   /* that it is compared with: the first if it is apart, else the next */
    size_t count; /* that take part */
    size_t alike; /* whose interval overlaps that of the lowest, without itself */
    size_t least_runs;
};

static const struct summary *summary_of(const struct field *field, const struct subject *subject)
{
    return &subject->summaries[field->comparison->metric];
}

static bool is_alike(const struct field *field, const struct subject *subject)
{
    return overlap(summary_of(field, subject), summary_of(field, field->lowest));
}

static void find_lowest(struct field *field)
{
    for (size_t i = 0; i < field->comparison->count; i++) {
        const struct subject *subject = &field->comparison->subjects[i];

        if (!takes_part(subject))
            continue;
        if (field->count++ == 0 || subject->runs < field->least_runs)
            field->least_runs = subject->runs;
        if (field->lowest == NULL ||
            summary_of(field, subject)->median < summary_of(field, field->lowest)->median)
            field->lowest = subject;
    }
}

static void find_others(struct field *field)
{
    const struct subject *first = first_of(field->comparison);

    for (size_t i = 0; i < field->comparison->count; i++) {
        const struct subject *subject = &field->comparison->subjects[i];

        if (!takes_part(subject) || subject == field->lowest)
            continue;
        if (is_alike(field, subject))
            field->alike++;
        else if (field->apart == NULL ||
                 (field->apart != first &&
                  summary_of(field, subject)->median < summary_of(field, field->apart)->median))
            field->apart = subject;
    }
}

/* "libc, native and jemalloc": those that are like the lowest. */
static void name_alike(const struct field *field, FILE *to)
{
    size_t named = 0;

    for (size_t i = 0; i < field->comparison->count; i++) {
        const struct subject *subject = &field->comparison->subjects[i];

        if (!takes_part(subject) || subject == field->lowest || !is_alike(field, subject))
            continue;
        if (named > 0)
            fputs(named + 1 < field->alike ? ", " : " and ", to);
        fputs(subject->backend, to);
        named++;
    }
}

static void say_no_difference(const struct field *field, FILE *to)
{
    const char *metric = metric_kinds[field->comparison->metric].title;
    const char *lowest = field->lowest->backend;

    fprintf(to, "No difference in %s%s", metric,
            field->alike > 1 ? ": the 95 % intervals of " : " between ");
    name_alike(field, to);
    if (field->alike > 1)
        fprintf(to, " overlap that of %s, the lowest.", lowest);
    else
        fprintf(to, " and %s: their 95 %% intervals overlap.", lowest);
}

static void say_lowest(const struct field *field, FILE *to)
{
    double median = summary_of(field, field->lowest)->median;
    double other = summary_of(field, field->apart)->median;

    fprintf(to, "%s has the lowest %s, %.1f %% less than %s", field->lowest->backend,
            metric_kinds[field->comparison->metric].title, (1 - median / other) * 100,
            field->apart->backend);
    if (field->alike > 0) {
        fputs("; no difference between it and ", to);
        name_alike(field, to);
        fputs(field->alike == 1 ? ", whose interval overlaps its own"
                                : ", whose intervals overlap its own",
              to);
    }
    fputc('.', to);
}

static void say(const struct field *field, FILE *to)
{
    if (field->count == 0)
        fputs("No verdict: nothing was measured.", to);
    else if (field->count == 1)
        fprintf(to, "No verdict: only %s was measured.", field->lowest->backend);
    else if (field->least_runs < VALUES_FOR_INTERVAL)
        fprintf(to, "No verdict: with fewer than %d runs of each no difference is sure.",
                VALUES_FOR_INTERVAL);
    else if (field->apart == NULL)
        say_no_difference(field, to);
    else
        say_lowest(field, to);
}

char *verdict_on(const struct comparison *comparison)
{
    struct field field = {.comparison = comparison};
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);

    find_lowest(&field);
    find_others(&field);
    if (to != NULL) {
        say(&field, to);
        fclose(to);
    }
    return text != NULL ? text : copy_text("", 0);
}
