/* SPDX-License-Identifier: BSD-3-Clause */

/* The result of a comparison for people: a table of each metric, and a sentence. */

#include "report.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "terminal.h"
#include "verdict.h"

#define COLUMNS 100
#define NAME_COLUMNS 14
#define CELL_SIZE 64

/* ---- What was run ---- */

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

/* Bytes of UTF-8 after the first of a character. */
static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static void shorten(char *text, size_t width)
{
    static const char dots[] = "...";
    size_t length = width - strlen(dots);

    if (strlen(text) <= width)
        return;
    while (length > 0 && is_continuation(text[length]))
        length--;
    memcpy(text + length, dots, sizeof dots);
}

/* A word that a shell would take apart is in quotes. */
static char *append_word(char *at, const char *word)
{
    bool plain = *word != '\0' && strpbrk(word, " \t\n;&|<>()$`\\\"'*?[]{}#~") == NULL;

    if (!plain)
        *at++ = '\'';
    at = stpcpy(at, word);
    if (!plain)
        *at++ = '\'';
    *at = '\0';
    return at;
}

char *describe_program(const struct comparison *comparison, size_t width)
{
    size_t size = width + 1;
    char *text;
    char *at;

    for (char **word = comparison->program; *word != NULL; word++)
        size += strlen(*word) + strlen(" ''");
    at = text = allocate(size, 1);
    for (char **word = comparison->program; *word != NULL; word++) {
        if (at > text)
            *at++ = ' ';
        at = append_word(at, *word);
    }
    for (char *c = text; *c != '\0'; c++)
        if (is_control(*c))
            *c = '?';
    shorten(text, width);
    return text;
}

static void print_runs(const struct comparison *comparison, FILE *to)
{
    const struct subject *first = first_of(comparison);
    size_t least = first->runs;
    size_t most = first->runs;
    size_t count = 0;

    for (size_t i = 0; i < comparison->count; i++) {
        const struct subject *subject = &comparison->subjects[i];

        if (!takes_part(subject))
            continue;
        count++;
        least = subject->runs < least ? subject->runs : least;
        most = subject->runs > most ? subject->runs : most;
    }
    fprintf(to, "%zu", least);
    if (most > least)
        fprintf(to, " to %zu", most);
    fprintf(to, " run%s on %s%zu backend%s, in random order, after %zu to warm up%s\n",
            most == 1 ? "" : "s", count == 1 ? "" : "each of ", count, count == 1 ? "" : "s",
            comparison->warmup, comparison->interrupted ? "; interrupted" : "");
}

static void print_head(const struct comparison *comparison, FILE *to)
{
    char *program = describe_program(comparison, COLUMNS);

    fprintf(to, "%s%s%s\n", style(to, STYLE_BOLD), program, style(to, STYLE_NONE));
    print_runs(comparison, to);
    fprintf(to, "ratio: to the median of %s; below 1 is less, and less is better\n",
            first_of(comparison)->backend);
    free(program);
}

/* ---- A metric ---- */

static void print_row(const struct subject *first, const struct subject *subject,
                      enum metric metric, const struct scale *scale, FILE *to)
{
    const struct summary *summary = &subject->summaries[metric];
    double size = scale->unit.size;
    double ratio = ratio_to(first, subject, metric);
    char interval[CELL_SIZE];
    char shown[CELL_SIZE] = "-";

    snprintf(interval, sizeof interval, "%.*f to %.*f", scale->decimals, summary->low / size,
             scale->decimals, summary->high / size);
    if (!isnan(ratio))
        snprintf(shown, sizeof shown, "%.3f", ratio);
    fprintf(to, "  %-*s %12.*f %-3s %s%24s%s %9s\n", NAME_COLUMNS, subject->backend,
            scale->decimals, summary->median / size, scale->unit.name, style(to, STYLE_DIM),
            interval, style(to, STYLE_NONE), shown);
}

static void print_metric(const struct comparison *comparison, enum metric metric, FILE *to)
{
    struct scale scale = scale_of(comparison, metric);

    fprintf(to, "\n%s%-*s %12s %-3s %24s %9s%s\n", style(to, STYLE_BOLD), NAME_COLUMNS + 2,
            metric_kinds[metric].title, "median", "", "95 % interval", "ratio",
            style(to, STYLE_NONE));
    for (size_t i = 0; i < comparison->count; i++)
        if (takes_part(&comparison->subjects[i]))
            print_row(first_of(comparison), &comparison->subjects[i], metric, &scale, to);
}

/* ---- The sentence ---- */

static void print_wrapped(const char *text, FILE *to)
{
    size_t column = 0;

    while (*text != '\0') {
        size_t length = strcspn(text, " ");

        if (column > 0 && column + 1 + length > COLUMNS) {
            fputc('\n', to);
            column = 0;
        }
        column += (size_t)fprintf(to, "%s%.*s", column > 0 ? " " : "", (int)length, text);
        text += length + (text[length] == ' ' ? 1 : 0);
    }
    fputc('\n', to);
}

static void print_verdict(const struct comparison *comparison, FILE *to)
{
    char *verdict = verdict_on(comparison);

    fprintf(to, "\n%s", style(to, STYLE_BOLD));
    print_wrapped(verdict, to);
    fputs(style(to, STYLE_NONE), to);
    free(verdict);
}

void print_report(const struct comparison *comparison, FILE *to)
{
    if (first_of(comparison) != NULL) {
        print_head(comparison, to);
        for (int metric = 0; metric < METRICS; metric++)
            print_metric(comparison, (enum metric)metric, to);
    }
    print_verdict(comparison, to);
}

/* ---- Failures ---- */

/* Indented, and without what would move the cursor. */
static void print_output(const char *text, FILE *to)
{
    bool begins = true;

    for (; *text != '\0'; text++) {
        if (begins)
            fputs("    ", to);
        begins = *text == '\n';
        fputc(is_control(*text) && *text != '\n' && *text != '\t' ? '?' : *text, to);
    }
    if (!begins)
        fputc('\n', to);
}

static bool failed_alike(const struct subject *a, const struct subject *b)
{
    return a->failure != NULL && b->failure != NULL && strcmp(a->failure, b->failure) == 0 &&
           strcmp(a->printed, b->printed) == 0;
}

static bool was_named_before(const struct comparison *comparison, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (failed_alike(&comparison->subjects[i], &comparison->subjects[index]))
            return true;
    return false;
}

/* This one and those after it on which the program failed in the same way. */
static void name_alike(const struct comparison *comparison, size_t index, FILE *to)
{
    const struct subject *subject = &comparison->subjects[index];

    fputs(subject->backend, to);
    for (size_t i = index + 1; i < comparison->count; i++)
        if (failed_alike(subject, &comparison->subjects[i]))
            fprintf(to, ", %s", comparison->subjects[i].backend);
}

static void print_failure(const struct comparison *comparison, size_t index, FILE *to)
{
    const struct subject *subject = &comparison->subjects[index];

    fprintf(to, "%szmalloc compare: %s on ", style(to, STYLE_RED), comparison->program[0]);
    name_alike(comparison, index, to);
    fprintf(to, ": %s%s\n", subject->failure, style(to, STYLE_NONE));
    fputs(*subject->printed != '\0' ? "  it printed:\n" : "  it printed nothing\n", to);
    print_output(subject->printed, to);
}

void print_failures(const struct comparison *comparison, FILE *to)
{
    for (size_t i = 0; i < comparison->count; i++)
        if (comparison->subjects[i].failure != NULL && !was_named_before(comparison, i))
            print_failure(comparison, i, to);
}
