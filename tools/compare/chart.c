/* SPDX-License-Identifier: BSD-3-Clause */

/* What the charts of both kinds have in common. */

#include "compare/chart.h"

#include <string.h>
#include <strings.h>

#include "backends.h"
#include "text.h"

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length > strlen(end) && strcasecmp(text + length - strlen(end), end) == 0;
}

bool is_chart_name(const char *path)
{
    return ends_with(path, ".svg") || ends_with(path, ".png");
}

bool needs_gnuplot(const char *path)
{
    return ends_with(path, ".png");
}

/*
 * Colours of Okabe and Ito, which everybody can tell apart; only for libc it is a grey that can be
 * seen on white and on black.
 */
const struct chart_colour chart_colours[CHART_COLOURS] = {
    {"libc", "#8a8a8a"},     {"native", "#56b4e9"},   {"jemalloc", "#d55e00"},
    {"tcmalloc", "#009e73"}, {"mimalloc", "#cc79a7"}, {"other", "#0072b2"},
};

const struct chart_colour *chart_colour(const struct variant *variant)
{
    const char *backend = variant->backend != NULL ? backend_without_layers(variant->backend) : "";
    size_t i = 0;

    while (i < CHART_COLOURS - 1 && strcmp(chart_colours[i].class_name, backend) != 0)
        i++;
    return &chart_colours[i];
}

char *chart_axis(const struct comparison *comparison, const struct scale *scale)
{
    const char *title = kind_of(comparison, comparison->metric)->title;

    if (*scale->unit.name == '\0')
        return text_format("%s", title);
    return text_format("%s (%s)", title, scale->unit.name);
}

char *chart_caption(const struct metric_kind *kind)
{
    return text_format("bar: median; thick line: its 95 %% interval; thin line: all runs; %s is "
                       "better",
                       kind->more_is_better ? "more" : "less");
}
