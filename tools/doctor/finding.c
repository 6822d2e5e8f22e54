/* SPDX-License-Identifier: BSD-3-Clause */

#include "doctor/doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "verb.h"

#define INDENT 11 /* "  warning  " */
#define LABEL 7   /* "means  " */

/* On fewer columns than this the lines after the first begin further left. */
#define COLUMNS_FOR_INDENT 60
#define NARROW_INDENT 4

enum part { WHAT, MEANS, TO_DO, PARTS };

struct finding {
    size_t group;
    enum level level;
    bool is_answer;
    char *parts[PARTS];
};

static const struct {
    const char *name;
    enum style style;
} levels[] = {
    [LEVEL_OK] = {"ok", STYLE_GREEN},
    [LEVEL_NOTE] = {"note", STYLE_YELLOW},
    [LEVEL_WARNING] = {"warning", STYLE_RED},
};

/* ---- What is found ---- */

/* What it speaks of comes from the environment and from files. */
static char *harmless(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

static char *harmless(const char *format, va_list arguments)
{
    char *sentence = text_format_list(format, arguments);
    char *copy = text_harmless(sentence);

    free(sentence);
    return copy;
}

void findings_group(struct findings *findings, const char *key, const char *format, ...)
{
    size_t group = findings->group_count;
    va_list arguments;

    if (group == GROUPS_MAX)
        abort();
    va_start(arguments, format);
    findings->groups[group].key = key;
    findings->groups[group].title = harmless(format, arguments);
    findings->group_count++;
    va_end(arguments);
}

static struct finding *add_finding(struct findings *findings, enum level level)
{
    struct finding *more = allocate(findings->count + 1, sizeof *more);

    if (findings->count > 0)
        memcpy(more, findings->of, findings->count * sizeof *more);
    free(findings->of);
    findings->of = more;
    findings->counts[level]++;
    more += findings->count++;
    more->level = level;
    more->group = findings->group_count - 1;
    return more;
}

void finding(struct findings *findings, enum level level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_finding(findings, level)->parts[WHAT] = harmless(format, arguments);
    va_end(arguments);
}

void meaning(struct findings *findings, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    findings->of[findings->count - 1].parts[MEANS] = harmless(format, arguments);
    va_end(arguments);
}

void advice(struct findings *findings, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    findings->of[findings->count - 1].parts[TO_DO] = harmless(format, arguments);
    va_end(arguments);
}

void is_the_answer(struct findings *findings)
{
    findings->of[findings->count - 1].is_answer = true;
}

void findings_free(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        for (int part = 0; part < PARTS; part++)
            free(findings->of[i].parts[part]);
    for (size_t i = 0; i < findings->group_count; i++)
        free(findings->groups[i].title);
    free(findings->of);
    *findings = (struct findings){0};
}

/* ---- For people ---- */

static bool is_narrow(FILE *to)
{
    return terminal_columns(to) < COLUMNS_FOR_INDENT;
}

static void print_part(const char *label, const char *text, FILE *to)
{
    int begin = is_narrow(to) ? NARROW_INDENT : INDENT;
    int indent = is_narrow(to) ? NARROW_INDENT + 2 : INDENT + LABEL;

    fprintf(to, "%*s%s%s%s  ", begin, "", style(to, STYLE_DIM), label, style(to, STYLE_NONE));
    text_print_wrapped(to, begin + LABEL, indent, text);
}

static void print_finding(const struct finding *finding, bool whole, FILE *to)
{
    fprintf(to, "  %s%-9s%s", style(to, levels[finding->level].style), levels[finding->level].name,
            style(to, STYLE_NONE));
    text_print_wrapped(to, INDENT, is_narrow(to) ? NARROW_INDENT : INDENT, finding->parts[WHAT]);
    if (!whole)
        return;
    print_part("means", finding->parts[MEANS], to);
    print_part("to do", finding->parts[TO_DO], to);
}

static void print_title(const char *title, FILE *to)
{
    fprintf(to, "\n%s", style(to, STYLE_BOLD));
    text_print_wrapped(to, 0, 0, title);
    fputs(style(to, STYLE_NONE), to);
}

/* Those from one level to another, each group with its title. Returns how many. */
static size_t print_levels(const struct findings *findings, enum level least, enum level most,
                           bool all, FILE *to)
{
    size_t group = GROUPS_MAX;
    size_t printed = 0;

    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *found = &findings->of[i];
        bool whole = all || found->level > LEVEL_OK;

        if (found->level < least || found->level > most || (!whole && !found->is_answer))
            continue;
        if (found->group != group)
            print_title(findings->groups[found->group].title, to);
        group = found->group;
        print_finding(found, whole, to);
        printed++;
    }
    return printed;
}

void findings_print(const struct findings *findings, bool all, FILE *to)
{
    unsigned warnings = findings->counts[LEVEL_WARNING];
    unsigned notes = findings->counts[LEVEL_NOTE];
    size_t printed = 0;
    char *more;
    char *line;

    if (all)
        printed = print_levels(findings, LEVEL_OK, LEVEL_WARNING, true, to);
    for (int level = LEVEL_WARNING; !all && level >= LEVEL_OK; level--)
        printed += print_levels(findings, (enum level)level, (enum level)level, false, to);
    more = printed < findings->count
               ? text_format("; %zu more with --all", findings->count - printed)
               : text_format("%s", "");
    line = text_format("%s: %u warning%s, %u note%s%s", warnings == 0 ? "healthy" : "not well",
                       warnings, warnings == 1 ? "" : "s", notes, notes == 1 ? "" : "s", more);
    putc('\n', to);
    text_print_wrapped(to, 0, 0, line);
    free(line);
    free(more);
}

/* ---- For programs ---- */

static json_t *advice_json(const char *text)
{
    return strcmp(text, NOTHING_TO_DO) == 0 ? json_null() : text_json(text);
}

json_t *findings_json(const struct findings *findings)
{
    json_t *array = json_array();

    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *found = &findings->of[i];

        json_array_append_new(array, json_pack("{s:s, s:s, s:o, s:o, s:o}", "group",
                                               findings->groups[found->group].key, "level",
                                               levels[found->level].name, "finding",
                                               text_json(found->parts[WHAT]), "means",
                                               text_json(found->parts[MEANS]), "to_do",
                                               advice_json(found->parts[TO_DO])));
    }
    return array;
}
