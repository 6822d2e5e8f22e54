/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_CHART_H
#define TOOLS_CHART_H

#include <stdbool.h>

#include "comparison.h"

/* Whether the file's name ends with that of a kind of picture that can be drawn: .svg or .png. */
bool is_chart_name(const char *path);

/* Whether gnuplot is there. */
bool can_draw(void);

/*
 * Bars with error bars of the comparison's metric, into the file. NULL, or why it was not written.
 */
const char *draw_chart(const struct comparison *comparison, const char *path);

#endif
