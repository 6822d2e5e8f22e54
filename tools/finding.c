/* SPDX-License-Identifier: BSD-3-Clause */

#include "finding.h"

#include <stdarg.h>
#include <stdlib.h>

#include "terminal.h"
#include "text.h"

#define INDENT 11 /* "  warning  " */

static const struct {
    const char *name;
    enum style style;
} levels[] = {
    [LEVEL_OK] = {"ok", STYLE_GREEN},
    [LEVEL_NOTE] = {"note", STYLE_YELLOW},
    [LEVEL_WARNING] = {"warning", STYLE_RED},
};

/* What it speaks of comes from the environment and from files. */
static void print_sentence(FILE *to, int indent, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void print_sentence(FILE *to, int indent, const char *format, va_list arguments)
{
    char *sentence = text_format_list(format, arguments);
    char *harmless = text_harmless(sentence);

    text_print_wrapped(to, indent, harmless);
    free(harmless);
    free(sentence);
}

static void print_part(FILE *to, const char *label, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void print_part(FILE *to, const char *label, const char *format, va_list arguments)
{
    fprintf(to, "%*s%s%-6s%s ", INDENT, "", style(to, STYLE_DIM), label, style(to, STYLE_NONE));
    print_sentence(to, INDENT + 7, format, arguments);
}

void findings_group(struct findings *findings, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fprintf(findings->to, "\n%s", style(findings->to, STYLE_BOLD));
    print_sentence(findings->to, 0, format, arguments);
    fputs(style(findings->to, STYLE_NONE), findings->to);
    va_end(arguments);
}

void finding(struct findings *findings, enum level level, const char *format, ...)
{
    FILE *to = findings->to;
    va_list arguments;

    findings->counts[level]++;
    va_start(arguments, format);
    fprintf(to, "  %s%-9s%s", style(to, levels[level].style), levels[level].name,
            style(to, STYLE_NONE));
    print_sentence(to, INDENT, format, arguments);
    va_end(arguments);
}

void meaning(struct findings *findings, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_part(findings->to, "means", format, arguments);
    va_end(arguments);
}

void advice(struct findings *findings, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_part(findings->to, "to do", format, arguments);
    va_end(arguments);
}

void findings_summary(const struct findings *findings)
{
    unsigned warnings = findings->counts[LEVEL_WARNING];
    unsigned notes = findings->counts[LEVEL_NOTE];

    fprintf(findings->to, "\n%s: %u warning%s, %u note%s\n", warnings == 0 ? "healthy" : "not well",
            warnings, warnings == 1 ? "" : "s", notes, notes == 1 ? "" : "s");
}
