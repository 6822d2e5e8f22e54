/* SPDX-License-Identifier: BSD-3-Clause */

/* The figure that a program prints, found by a regular expression. */

#include "compare/figure.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "verb.h"

/* A longer line is looked at in pieces. */
#define LINE_SIZE ((size_t)64 * 1024)
#define QUOTED_MOST 60
#define LARGEST 1e300 /* nothing that is computed from it overflows */

char *compile_figure(const char *text, struct figure *figure)
{
    char why[256];
    int error = regcomp(&figure->expression, text, REG_EXTENDED);
    size_t groups;

    figure->text = text;
    if (error != 0) {
        regerror(error, &figure->expression, why, sizeof why);
        return text_format("%s", why);
    }
    groups = figure->expression.re_nsub;
    if (groups == 1)
        return NULL;
    free_figure(figure);
    return text_format("it has %s; it needs one, around the number, as in 'rate: ([0-9.]+)'",
                       groups == 0 ? "no group" : "several groups");
}

void free_figure(struct figure *figure)
{
    regfree(&figure->expression);
}

/* ---- A line ---- */

/* Blanks around it do not matter. */
static bool read_number(const char *text, int length, double *value)
{
    char *number = text_format("%.*s", length, text);
    bool is_number;
    char *end;

    text_trim(number);
    *value = strtod(number, &end);
    is_number = end > number && *end == '\0' && fabs(*value) <= LARGEST;
    free(number);
    return is_number;
}

/* The trouble is that of this line alone: one that follows may be better. */
static void read_line(const struct figure *figure, const char *line, double *value, char **trouble)
{
    regmatch_t found[2];
    const char *text;
    int length;

    if (regexec(&figure->expression, line, 2, found, 0) != 0)
        return;
    free(*trouble);
    *trouble = NULL;
    text = found[1].rm_so >= 0 ? line + found[1].rm_so : "";
    length = (int)(found[1].rm_eo - found[1].rm_so);
    if (!read_number(text, length, value))
        *trouble = text_format("what --metric-regex found is no number: '%.*s'",
                               length < QUOTED_MOST ? length : QUOTED_MOST, text);
}

/* ---- All lines ---- */

static void read_lines(const struct figure *figure, FILE *file, double *value, char **trouble)
{
    char *line = allocate_unshared(LINE_SIZE);

    while (fgets(line, (int)LINE_SIZE, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        read_line(figure, line, value, trouble);
    }
    release_unshared(line, LINE_SIZE);
}

char *read_figure(const struct figure *figure, const char *path, double *value)
{
    FILE *file = fopen(path, "re");
    char *trouble;

    if (file == NULL)
        return text_format("what it printed cannot be read: %s", strerror(errno));
    trouble = text_format("no line that it printed matches --metric-regex '%s'", figure->text);
    read_lines(figure, file, value, &trouble);
    fclose(file);
    return trouble;
}
