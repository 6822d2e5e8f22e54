/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

/* What has been measured, in each form that compare can give it. */

#include <stdio.h>

#include "compare/comparison.h"

/* ---- report.c: for people ---- */

/* What was measured, and what it means. */
void print_report(const struct comparison *comparison, FILE *to);

/* Those on which the program failed, and what it printed. */
void print_failures(const struct comparison *comparison, FILE *to);

/* The program with its arguments, as far as it fits; the caller's. */
char *describe_program(const struct comparison *comparison, size_t width);

/* How many runs of what there were, if anything was measured; the caller's. */
char *describe_runs(const struct comparison *comparison);

/* What a ratio is, and whether less is better; the caller's. */
char *describe_ratio(const struct comparison *comparison);

/* ---- verdict.c ---- */

/* One sentence on the comparison's metric; the caller's. */
char *verdict_on(const struct comparison *comparison);

/* ---- Files: each returns NULL, or why nothing useful was written ---- */

/* json.c: all samples and what they show. */
const char *write_json(const struct comparison *comparison, FILE *to);

/* csv.c: a line for each metric of each variant. */
const char *write_csv(const struct comparison *comparison, FILE *to);

/* markdown.c: what print_report() prints, for an issue or a page. */
const char *write_markdown(const struct comparison *comparison, FILE *to);

#endif
