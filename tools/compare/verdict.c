/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What a comparison shows, in one sentence. The variant with the best median, which is the lowest or,
 * if more is better, the highest, is so only where its interval is apart from another's.
 */

#include "compare/report.h"

#include <stdio.h>
#include <stdlib.h>

#include "verb.h"

struct field {
    const struct comparison *comparison;
    const struct metric_kind *kind;
    const struct subject *best;
    const struct subject
        *apart;   /* that it is compared with: the first if it is apart, else the next */
    size_t count; /* that take part */
    size_t alike; /* whose interval overlaps that of the best, without itself */
    size_t least_runs;
};

static const struct summary *summary_of(const struct field *field, const struct subject *subject)
{
    return &subject->summaries[field->comparison->metric];
}

static const char *name_of(const struct subject *subject)
{
    return subject->variant.name;
}

static bool is_in(const struct field *field, const struct subject *subject)
{
    return is_known(subject, field->comparison->metric);
}

static bool is_better(const struct field *field, const struct subject *a, const struct subject *b)
{
    double one = summary_of(field, a)->median;
    double other = summary_of(field, b)->median;

    return field->kind->more_is_better ? one > other : one < other;
}

static bool is_alike(const struct field *field, const struct subject *subject)
{
    return overlap(summary_of(field, subject), summary_of(field, field->best));
}

static void find_best(struct field *field)
{
    for (size_t i = 0; i < field->comparison->count; i++) {
        const struct subject *subject = &field->comparison->subjects[i];

        if (!is_in(field, subject))
            continue;
        if (field->count++ == 0 || subject->runs < field->least_runs)
            field->least_runs = subject->runs;
        if (field->best == NULL || is_better(field, subject, field->best))
            field->best = subject;
    }
}

static void find_others(struct field *field)
{
    const struct subject *first = first_of(field->comparison);

    for (size_t i = 0; i < field->comparison->count; i++) {
        const struct subject *subject = &field->comparison->subjects[i];

        if (!is_in(field, subject) || subject == field->best)
            continue;
        if (is_alike(field, subject))
            field->alike++;
        else if (field->apart == NULL ||
                 (field->apart != first && is_better(field, subject, field->apart)))
            field->apart = subject;
    }
}

/* "libc, native and jemalloc": those that are like the best. */
static void name_alike(const struct field *field, FILE *to)
{
    size_t named = 0;

    for (size_t i = 0; i < field->comparison->count; i++) {
        const struct subject *subject = &field->comparison->subjects[i];

        if (!is_in(field, subject) || subject == field->best || !is_alike(field, subject))
            continue;
        if (named > 0)
            fputs(named + 1 < field->alike ? ", " : " and ", to);
        fputs(name_of(subject), to);
        named++;
    }
}

/* "lowest" or "highest". */
static const char *rank(const struct field *field)
{
    return field->kind->more_is_better ? "highest" : "lowest";
}

static void say_no_difference(const struct field *field, FILE *to)
{
    fprintf(to, "No difference in %s%s", field->kind->title,
            field->alike > 1 ? ": the 95 % intervals of " : " between ");
    name_alike(field, to);
    if (field->alike > 1)
        fprintf(to, " overlap that of %s, the %s.", name_of(field->best), rank(field));
    else
        fprintf(to, " and %s: their 95 %% intervals overlap.", name_of(field->best));
}

/* A part of what is not above 0 cannot be told. */
static void say_how_much(const struct field *field, FILE *to)
{
    double median = summary_of(field, field->best)->median;
    double other = summary_of(field, field->apart)->median;

    if (median < 0 || other <= 0)
        fprintf(to, ", before %s", name_of(field->apart));
    else if (field->kind->more_is_better)
        fprintf(to, ", %.1f %% more than %s", (median / other - 1) * 100, name_of(field->apart));
    else
        fprintf(to, ", %.1f %% less than %s", (1 - median / other) * 100, name_of(field->apart));
}

static void say_best(const struct field *field, FILE *to)
{
    fprintf(to, "%s has the %s %s", name_of(field->best), rank(field), field->kind->title);
    say_how_much(field, to);
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
        fprintf(to, "No verdict: only %s was measured.", name_of(field->best));
    else if (field->least_runs < VALUES_FOR_INTERVAL)
        fprintf(to, "No verdict: with fewer than %d runs of each no difference is sure.",
                VALUES_FOR_INTERVAL);
    else if (field->apart == NULL)
        say_no_difference(field, to);
    else
        say_best(field, to);
}

char *verdict_on(const struct comparison *comparison)
{
    struct field field = {.comparison = comparison,
                          .kind = kind_of(comparison, comparison->metric)};
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);

    find_best(&field);
    find_others(&field);
    if (to != NULL) {
        say(&field, to);
        fclose(to);
    }
    return text != NULL ? text : copy_text("", 0);
}
