/* SPDX-License-Identifier: BSD-3-Clause */

/* The results of a comparison for spreadsheets and statistics (RFC 4180, with line feeds). */

#include "compare/report.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* In quotes where a comma or a quote would end it. */
static void write_text(const char *text, FILE *to)
{
    bool plain = strpbrk(text, ",\"\r\n") == NULL;

    if (!plain)
        fputc('"', to);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', to);
        fputc(*text, to);
    }
    if (!plain)
        fputc('"', to);
}

/* With a comma before it; what is not known is empty. */
static void add_text(const char *text, FILE *to)
{
    fputc(',', to);
    write_text(text != NULL ? text : "", to);
}

static void add_number(double number, FILE *to)
{
    fputc(',', to);
    if (!isnan(number))
        fprintf(to, "%.15g", number);
}

/* All of a name's value is one field, however many there are. */
static void add_variables(char *const *variables, FILE *to)
{
    bool is_first = true;

    fputs(*variables != NULL ? ",\"" : ",", to);
    for (char *const *variable = variables; *variable != NULL; variable++) {
        if (!is_first)
            fputc(' ', to);
        is_first = false;
        for (const char *c = *variable; *c != '\0'; c++)
            fputs(*c == '"' ? "\"\"" : (char[]){*c, '\0'}, to);
    }
    if (*variables != NULL)
        fputc('"', to);
}

static void write_subject(const struct subject *subject, FILE *to)
{
    write_text(subject->variant.name, to);
    add_text(subject->variant.backend, to);
    add_variables(subject->variant.variables, to);
    add_text(subject->version, to);
}

static void write_metric(const struct comparison *comparison, const struct subject *subject,
                         enum metric metric, FILE *to)
{
    const struct metric_kind *kind = kind_of(comparison, metric);
    const struct summary *summary = &subject->summaries[metric];

    write_subject(subject, to);
    add_text(metric == METRIC_PRINTED ? kind->title : kind->word, to);
    add_text(kind->unit, to);
    add_text(kind->more_is_better ? "higher" : "lower", to);
    fprintf(to, ",%zu", subject->runs);
    add_number(summary->median, to);
    add_number(summary->low, to);
    add_number(summary->high, to);
    add_number(summary->least, to);
    add_number(summary->most, to);
    add_number(ratio_to(first_of(comparison), subject, metric), to);
    fputs(",\n", to);
}

/* One line, without a metric. */
static void write_failure(const struct subject *subject, FILE *to)
{
    write_subject(subject, to);
    fprintf(to, ",,,,%zu,,,,,,", subject->runs);
    add_text(subject->failure, to);
    fputc('\n', to);
}

const char *write_csv(const struct comparison *comparison, FILE *to)
{
    fputs("variant,backend,variables,version,metric,unit,better,runs,median,low,high,min,max,ratio,"
          "failure\n",
          to);
    for (size_t i = 0; i < comparison->count; i++) {
        const struct subject *subject = &comparison->subjects[i];

        if (subject->failure != NULL)
            write_failure(subject, to);
        if (!takes_part(subject))
            continue;
        for (int metric = 0; metric < metrics_of(comparison); metric++)
            if (is_known(subject, (enum metric)metric))
                write_metric(comparison, subject, (enum metric)metric, to);
    }
    return NULL;
}
