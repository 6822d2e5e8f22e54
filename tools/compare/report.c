/* SPDX-License-Identifier: BSD-3-Clause */

/* The result of a comparison for people: a table of each metric, and a sentence. */

#include "compare/report.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"
#include "verb.h"

#define NAME_COLUMNS 14
#define COLUMNS_BESIDE_NAMES 54
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
    char *text;
    char *line;

    for (size_t i = 0; i < comparison->count; i++) {
        const struct subject *subject = &comparison->subjects[i];

        if (!takes_part(subject))
            continue;
        count++;
        least = subject->runs < least ? subject->runs : least;
        most = subject->runs > most ? subject->runs : most;
    }
    text = most > least ? text_format("%zu to %zu", least, most) : text_format("%zu", least);
    line = text_format("%s run%s on %s%zu backend%s, in random order, after %zu to warm up%s", text,
                       most == 1 ? "" : "s", count == 1 ? "" : "each of ", count,
                       count == 1 ? "" : "s", comparison->warmup,
                       comparison->interrupted ? "; interrupted" : "");
    text_print_wrapped(to, 0, 0, line);
    free(line);
    free(text);
}

static void print_head(const struct comparison *comparison, FILE *to)
{
    char *program = describe_program(comparison, text_width(to));
    char *ratio = text_format("ratio: to the median of %s; below 1 is less, and less is better",
                              first_of(comparison)->backend);

    fprintf(to, "%s%s%s\n", style(to, STYLE_BOLD), program, style(to, STYLE_NONE));
    print_runs(comparison, to);
    text_print_wrapped(to, 0, 0, ratio);
    free(ratio);
    free(program);
}

/* ---- A metric ---- */

/* How wide the names are, and whether there is room for the intervals beside the medians. */
struct layout {
    int names;
    bool is_wide;
};

static struct layout layout_of(const struct comparison *comparison, FILE *to)
{
    size_t names = NAME_COLUMNS;

    for (size_t i = 0; i < comparison->count; i++)
        if (takes_part(&comparison->subjects[i]) && strlen(comparison->subjects[i].backend) > names)
            names = strlen(comparison->subjects[i].backend);
    return (struct layout){(int)names, text_width(to) >= names + COLUMNS_BESIDE_NAMES};
}

/* The interval has a line of its own where there is no room. */
static void print_row(const struct layout *layout, const char *name, const char *median,
                      const char *unit, const char *interval, const char *ratio,
                      const char *interval_style, FILE *to)
{
    const char *end = *interval_style != '\0' ? style(to, STYLE_NONE) : "";

    if (layout->is_wide)
        fprintf(to, "%-*s %12s %-3s %s%24s%s %9s\n", layout->names + 2, name, median, unit,
                interval_style, interval, end, ratio);
    else
        fprintf(to, "%-*s %8s %-3s %7s\n%s%*s%s\n", layout->names + 2, name, median, unit, ratio,
                interval_style, layout->names + 2 + 9 + 4, interval, end);
}

static void print_subject(const struct subject *first, const struct subject *subject,
                          enum metric metric, const struct scale *scale,
                          const struct layout *layout, FILE *to)
{
    const struct summary *summary = &subject->summaries[metric];
    double size = scale->unit.size;
    double ratio = ratio_to(first, subject, metric);
    char name[CELL_SIZE];
    char median[CELL_SIZE];
    char interval[CELL_SIZE];
    char shown[CELL_SIZE] = "-";

    snprintf(name, sizeof name, "  %s", subject->backend);
    snprintf(median, sizeof median, "%.*f", scale->decimals, summary->median / size);
    snprintf(interval, sizeof interval, "%.*f to %.*f", scale->decimals, summary->low / size,
             scale->decimals, summary->high / size);
    if (!isnan(ratio))
        snprintf(shown, sizeof shown, "%.3f", ratio);
    print_row(layout, name, median, scale->unit.name, interval, shown, style(to, STYLE_DIM), to);
}

static void print_metric(const struct comparison *comparison, enum metric metric,
                         const struct layout *layout, FILE *to)
{
    struct scale scale = scale_of(comparison, metric);

    fprintf(to, "\n%s", style(to, STYLE_BOLD));
    print_row(layout, metric_kinds[metric].title, "median", "", "95 % interval", "ratio", "", to);
    fputs(style(to, STYLE_NONE), to);
    for (size_t i = 0; i < comparison->count; i++)
        if (takes_part(&comparison->subjects[i]))
            print_subject(first_of(comparison), &comparison->subjects[i], metric, &scale, layout,
                          to);
}

/* ---- The sentence ---- */

static void print_verdict(const struct comparison *comparison, FILE *to)
{
    char *verdict = verdict_on(comparison);

    fprintf(to, "\n%s", style(to, STYLE_BOLD));
    text_print_wrapped(to, 0, 0, verdict);
    fputs(style(to, STYLE_NONE), to);
    free(verdict);
}

void print_report(const struct comparison *comparison, FILE *to)
{
    struct layout layout = layout_of(comparison, to);

    if (first_of(comparison) != NULL) {
        print_head(comparison, to);
        for (int metric = 0; metric < METRICS; metric++)
            print_metric(comparison, (enum metric)metric, &layout, to);
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
static char *name_alike(const struct comparison *comparison, size_t index)
{
    const struct subject *subject = &comparison->subjects[index];
    char *names = text_format("%s", subject->backend);

    for (size_t i = index + 1; i < comparison->count; i++) {
        char *longer;

        if (!failed_alike(subject, &comparison->subjects[i]))
            continue;
        longer = text_format("%s, %s", names, comparison->subjects[i].backend);
        free(names);
        names = longer;
    }
    return names;
}

/* One line, but on a terminal no word of it is broken. */
static void print_failure_line(const char *line, FILE *to)
{
    fputs(style(to, STYLE_RED), to);
    if (isatty(fileno(to)))
        text_print_wrapped(to, 0, 0, line);
    else
        fprintf(to, "%s\n", line);
    fputs(style(to, STYLE_NONE), to);
}

static void print_failure(const struct comparison *comparison, size_t index, FILE *to)
{
    const struct subject *subject = &comparison->subjects[index];
    char *names = name_alike(comparison, index);
    char *line = text_format("zmalloc compare: %s on %s: %s", comparison->program[0], names,
                             subject->failure);

    print_failure_line(line, to);
    free(line);
    free(names);
    fputs(*subject->printed != '\0' ? "  it printed:\n" : "  it printed nothing\n", to);
    print_output(subject->printed, to);
}

void print_failures(const struct comparison *comparison, FILE *to)
{
    for (size_t i = 0; i < comparison->count; i++)
        if (comparison->subjects[i].failure != NULL && !was_named_before(comparison, i))
            print_failure(comparison, i, to);
}
