/* SPDX-License-Identifier: BSD-3-Clause */

/* The result of a comparison for people: what was run, a table of each metric, and a sentence. */

#include "compare/report.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"
#include "verb.h"

#define NAME_COLUMNS 14
#define COLUMNS_BESIDE_NAMES 54        /* median, interval and ratio */
#define COLUMNS_BESIDE_NAMES_NARROW 22 /* median and ratio */
#define CELL_SIZE (2 * VALUE_SIZE + 8)

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

char *describe_runs(const struct comparison *comparison)
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
    line = text_format("%s run%s on %s%zu %s%s, in random order, after %zu to warm up%s", text,
                       most == 1 ? "" : "s", count == 1 ? "" : "each of ", count,
                       are_backends(comparison) ? "backend" : "variant", count == 1 ? "" : "s",
                       comparison->warmup, comparison->interrupted ? "; interrupted" : "");
    free(text);
    return line;
}

/* Of the figure that the program prints more may be better. */
char *describe_ratio(const struct comparison *comparison)
{
    const struct metric_kind *printed = &comparison->printed;
    bool is_mixed = comparison->figure != NULL && printed->more_is_better;

    return text_format("ratio: to the median of %s; below 1 is less, and less is better%s%s%s",
                       first_of(comparison)->variant.name, is_mixed ? "; of " : "",
                       is_mixed ? printed->title : "", is_mixed ? ", more is better" : "");
}

static void print_head(const struct comparison *comparison, FILE *to)
{
    char *program = describe_program(comparison, text_width(to));
    char *runs = describe_runs(comparison);
    char *ratio = describe_ratio(comparison);

    fprintf(to, "%s%s%s\n", style(to, STYLE_BOLD), program, style(to, STYLE_NONE));
    text_print_wrapped(to, 0, 0, runs);
    text_print_wrapped(to, 0, 0, ratio);
    free(ratio);
    free(runs);
    free(program);
}

/* ---- A metric ---- */

/* How wide the names are, and whether there is room for the intervals beside the medians. */
struct layout {
    size_t names;
    bool is_wide;
};

static size_t longest_name(const struct comparison *comparison)
{
    size_t longest = NAME_COLUMNS;

    for (int metric = 0; metric < metrics_of(comparison); metric++) {
        size_t columns = text_columns(kind_of(comparison, (enum metric)metric)->title);

        /* A title is not indented as the names are. */
        if (columns > longest + 2)
            longest = columns - 2;
    }
    for (size_t i = 0; i < comparison->count; i++) {
        size_t columns = text_columns(comparison->subjects[i].variant.name);

        if (columns > longest)
            longest = columns;
    }
    return longest;
}

static struct layout layout_of(const struct comparison *comparison, FILE *to)
{
    size_t names = longest_name(comparison);
    size_t width = text_width(to);
    size_t room = width > COLUMNS_BESIDE_NAMES_NARROW ? width - COLUMNS_BESIDE_NAMES_NARROW : 0;

    if (width >= names + COLUMNS_BESIDE_NAMES)
        return (struct layout){names, true};
    return (struct layout){names < room ? names : room, false};
}

/* What does not fit has a line of its own. */
static void print_name(const struct layout *layout, const char *name, FILE *to)
{
    size_t columns = text_columns(name);
    size_t room = layout->names + 2;

    fputs(name, to);
    if (columns > room)
        fprintf(to, "\n%*s", (int)room, "");
    else
        fprintf(to, "%*s", (int)(room - columns), "");
}

/* The rest of a row, after its name. */
struct cells {
    const char *median;
    const char *unit;
    const char *interval;
    const char *ratio;
};

/* The interval has a line of its own where there is no room. */
static void print_row(const struct layout *layout, const char *name, const struct cells *cells,
                      const char *interval_style, FILE *to)
{
    const char *end = *interval_style != '\0' ? style(to, STYLE_NONE) : "";

    print_name(layout, name, to);
    if (layout->is_wide)
        fprintf(to, " %12s %-3s %s%24s%s %9s\n", cells->median, cells->unit, interval_style,
                cells->interval, end, cells->ratio);
    else
        fprintf(to, " %8s %-3s %7s\n%s%*s%s\n", cells->median, cells->unit, cells->ratio,
                interval_style, (int)layout->names + 2 + 9 + 4, cells->interval, end);
}

static void fill_cells(const struct comparison *comparison, const struct subject *subject,
                       enum metric metric, const struct scale *scale, char interval[CELL_SIZE],
                       char median[VALUE_SIZE], char ratio[VALUE_SIZE])
{
    const struct summary *summary = &subject->summaries[metric];
    char low[VALUE_SIZE];
    char high[VALUE_SIZE];

    show_value(scale, summary->median, median);
    snprintf(interval, CELL_SIZE, "%s to %s", show_value(scale, summary->low, low),
             show_value(scale, summary->high, high));
    show_ratio(comparison, subject, metric, ratio);
}

static void print_subject(const struct comparison *comparison, const struct subject *subject,
                          enum metric metric, const struct scale *scale,
                          const struct layout *layout, FILE *to)
{
    char median[VALUE_SIZE] = "-";
    char ratio[VALUE_SIZE] = "-";
    char interval[CELL_SIZE] = "-";
    struct cells cells = {median, "", interval, ratio};
    char *name = text_format("  %s", subject->variant.name);
    bool failed = subject->failure != NULL;

    if (is_known(subject, metric)) {
        fill_cells(comparison, subject, metric, scale, interval, median, ratio);
        cells.unit = scale->unit.name;
    } else if (failed) {
        cells.interval = subject->outcome;
    }
    print_row(layout, name, &cells, style(to, failed ? STYLE_RED : STYLE_DIM), to);
    free(name);
}

static void print_metric(const struct comparison *comparison, enum metric metric,
                         const struct layout *layout, FILE *to)
{
    static const struct cells head = {"median", "", "95 % interval", "ratio"};
    struct scale scale = scale_of(comparison, metric);

    fprintf(to, "\n%s", style(to, STYLE_BOLD));
    print_row(layout, kind_of(comparison, metric)->title, &head, "", to);
    fputs(style(to, STYLE_NONE), to);
    for (size_t i = 0; i < comparison->count; i++)
        print_subject(comparison, &comparison->subjects[i], metric, &scale, layout, to);
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
        for (int metric = 0; metric < metrics_of(comparison); metric++)
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
    char *names = text_format("%s", subject->variant.name);

    for (size_t i = index + 1; i < comparison->count; i++) {
        char *longer;

        if (!failed_alike(subject, &comparison->subjects[i]))
            continue;
        longer = text_format("%s, %s", names, comparison->subjects[i].variant.name);
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
