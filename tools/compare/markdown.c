/* SPDX-License-Identifier: BSD-3-Clause */

/* The results of a comparison in Markdown, with tables as GitHub and others have them. */

#include "compare/report.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define PROGRAM_COLUMNS 200

/* How many backquotes follow each other at most. */
static size_t longest_quote(const char *text)
{
    size_t longest = 0;

    while (*text != '\0') {
        size_t length = strspn(text, "`");

        longest = length > longest ? length : longest;
        text += length + strcspn(text + length, "`");
    }
    return longest;
}

/*
 * As code, in which nothing is obeyed but backquotes, of which there are more around it; and in a cell
 * of a table the bar.
 */
static void write_code(const char *text, bool is_cell, FILE *to)
{
    size_t quotes = longest_quote(text) + 1;
    const char *blank = quotes > 1 ? " " : "";

    for (size_t i = 0; i < quotes; i++)
        fputc('`', to);
    fputs(blank, to);
    for (; *text != '\0'; text++) {
        if (*text == '|' && is_cell)
            fputc('\\', to);
        fputc(*text, to);
    }
    fputs(blank, to);
    for (size_t i = 0; i < quotes; i++)
        fputc('`', to);
}

/* What Markdown would obey has a backslash before it. */
static void write_plain(const char *text, FILE *to)
{
    for (; *text != '\0'; text++) {
        if (strchr("\\`*_{}[]<>#|~&", *text) != NULL)
            fputc('\\', to);
        fputc(*text, to);
    }
}

static void write_head(const struct comparison *comparison, FILE *to)
{
    char *program = describe_program(comparison, PROGRAM_COLUMNS);
    char *runs = describe_runs(comparison);
    char *ratio = describe_ratio(comparison);

    write_code(program, false, to);
    fputs("\n\n", to);
    write_plain(runs, to);
    fputs("  \n", to);
    write_plain(ratio, to);
    fputs("\n", to);
    free(ratio);
    free(runs);
    free(program);
}

static void write_values(const struct comparison *comparison, const struct subject *subject,
                         enum metric metric, const struct scale *scale, FILE *to)
{
    const struct summary *summary = &subject->summaries[metric];
    char text[VALUE_SIZE];

    fprintf(to, " | %s", show_value(scale, summary->median, text));
    fprintf(to, " | %s", show_value(scale, summary->low, text));
    fprintf(to, " to %s", show_value(scale, summary->high, text));
    fprintf(to, " | %s", show_value(scale, summary->least, text));
    fprintf(to, " | %s", show_value(scale, summary->most, text));
    show_ratio(comparison, subject, metric, text);
    fprintf(to, " | %s |\n", text);
}

static void write_row(const struct comparison *comparison, const struct subject *subject,
                      enum metric metric, const struct scale *scale, FILE *to)
{
    fputs("| ", to);
    write_code(subject->variant.name, true, to);
    if (is_known(subject, metric))
        write_values(comparison, subject, metric, scale, to);
    else
        fprintf(to, " | - | %s | - | - | - |\n", subject->failure != NULL ? subject->outcome : "-");
}

static void write_metric(const struct comparison *comparison, enum metric metric, FILE *to)
{
    struct scale scale = scale_of(comparison, metric);
    const char *unit = scale.unit.name;

    fputs("\n| ", to);
    write_plain(kind_of(comparison, metric)->title, to);
    fprintf(to, " | median%s%s%s | 95 %% interval | min | max | ratio |\n",
            *unit != '\0' ? " (" : "", unit, *unit != '\0' ? ")" : "");
    fputs("| :-- | --: | --: | --: | --: | --: |\n", to);
    for (size_t i = 0; i < comparison->count; i++)
        write_row(comparison, &comparison->subjects[i], metric, &scale, to);
}

static void write_failures(const struct comparison *comparison, FILE *to)
{
    for (size_t i = 0; i < comparison->count; i++) {
        const struct subject *subject = &comparison->subjects[i];

        if (subject->failure == NULL)
            continue;
        fputs("\n- ", to);
        write_code(subject->variant.name, false, to);
        fputs(": ", to);
        write_plain(subject->failure, to);
        fputc('\n', to);
    }
}

const char *write_markdown(const struct comparison *comparison, FILE *to)
{
    char *verdict = verdict_on(comparison);

    if (first_of(comparison) != NULL) {
        write_head(comparison, to);
        for (int metric = 0; metric < metrics_of(comparison); metric++)
            write_metric(comparison, (enum metric)metric, to);
    }
    write_failures(comparison, to);
    fputc('\n', to);
    write_plain(verdict, to);
    fputc('\n', to);
    free(verdict);
    return NULL;
}
