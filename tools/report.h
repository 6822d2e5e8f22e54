/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include <stdio.h>

#include "comparison.h"

/* For people: what was measured, and what it means. */
void print_report(const struct comparison *comparison, FILE *to);

/* Those on which the program failed, and what it printed. */
void print_failures(const struct comparison *comparison, FILE *to);

/* The program with its arguments, as far as it fits; the caller's. */
char *describe_program(const struct comparison *comparison, size_t width);

#endif
