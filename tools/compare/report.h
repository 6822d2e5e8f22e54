/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

/* What has been measured, in each form that compare can give it. */

#include <stdbool.h>
#include <stdio.h>

#include "compare/comparison.h"

/* ---- report.c: for people ---- */

/* What was measured, and what it means. */
void print_report(const struct comparison *comparison, FILE *to);

/* Those on which the program failed, and what it printed. */
void print_failures(const struct comparison *comparison, FILE *to);

/* The program with its arguments, as far as it fits; the caller's. */
char *describe_program(const struct comparison *comparison, size_t width);

/* ---- verdict.c ---- */

/* One sentence on the comparison's metric; the caller's. */
char *verdict_on(const struct comparison *comparison);

/* ---- json.c ---- */

/* All samples and what they show, as JSON into the file. 0, or -1 with errno. */
int write_results(const struct comparison *comparison, const char *path);

/* ---- chart.c ---- */

/* Whether the file's name ends with that of a kind of picture that can be drawn: .svg or .png. */
bool is_chart_name(const char *path);

/* Whether gnuplot is there. */
bool can_draw(void);

/*
 * Bars with error bars of the comparison's metric, into the file. NULL, or why it was not written.
 */
const char *draw_chart(const struct comparison *comparison, const char *path);

#endif
