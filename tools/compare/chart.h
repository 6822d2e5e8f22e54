/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_CHART_H
#define TOOLS_CHART_H

/* A chart of the comparison's metric: a bar for each variant, with what the runs were between. */

#include <stdbool.h>
#include <stdio.h>

#include "compare/comparison.h"

/* Whether the file's name ends with that of a kind of picture that can be drawn: .svg or .png. */
bool is_chart_name(const char *path);

/* Whether gnuplot has to draw it. */
bool needs_gnuplot(const char *path);

/* Whether gnuplot is there. */
bool has_gnuplot(void);

/* Each draws it into the file, if anything was measured. NULL, or why it was not. */
const char *draw_svg(const struct comparison *comparison, FILE *to);
const char *draw_by_gnuplot(const struct comparison *comparison, FILE *to);

/* ---- What both have in common ---- */

/* The colour of a backend's bars, and the class that has it. */
struct chart_colour {
    const char *class_name;
    const char *colour;
};

/* The last one is for backends that we do not know. */
extern const struct chart_colour chart_colours[];
#define CHART_COLOURS 6

const struct chart_colour *chart_colour(const struct variant *variant);

/* The metric with its unit; the caller's. */
char *chart_axis(const struct comparison *comparison, const struct scale *scale);

/* What bars and lines mean; the caller's. */
char *chart_caption(const struct metric_kind *kind);

#endif
