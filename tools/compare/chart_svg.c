/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A chart of a comparison as an .svg: horizontal bars, whose names are beside them, or above them if
 * they are long. It needs nothing else, keeps its text as text, and brings its background along; a
 * viewer that prefers dark pages gets dark colours.
 */

#include "compare/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/report.h"
#include "text.h"
#include "xml.h"

#define WIDTH 860.0
#define EDGE 20.0
#define HEAD 66.0        /* title and axis title */
#define FOOT 58.0        /* numbers of the axis and caption */
#define COLUMN 8.2       /* the width of a character, rather too much */
#define BAR 22.0         /* its height */
#define GAP 14.0         /* between bars */
#define NAME_LINE 20.0   /* of a name above its bar */
#define NAME_BESIDE 28   /* columns; a longer name is above its bar */
#define NAME_MOST 98     /* more do not fit above it */
#define TITLE_COLUMNS 90 /* in bold */
#define INTERVAL 7.0     /* how thick the line of an interval is */
#define END 10.0         /* how long the ends of the other line are */
#define TICKS 7          /* at most, about */

struct chart {
    const struct comparison *comparison;
    struct scale scale;
    double left; /* of the bars; the others likewise */
    double right;
    double from; /* the values at both ends of the axis, in the scale's unit */
    double to;
    double step; /* between numbers of the axis */
    double row;  /* height of one */
    bool names_above;
    FILE *file;
};

/* ---- Text ---- */

/* The text, or its beginning if it has more columns than that. The caller's. */
static char *fitting(const char *text, size_t columns)
{
    if (text_columns(text) <= columns)
        return text_format("%s", text);
    return text_format("%.*s...", (int)text_fitting(text, columns - 3), text);
}

static void write_label(const struct chart *chart, double x, double y, const char *attributes,
                        const char *text)
{
    fprintf(chart->file, "<text x=\"%.1f\" y=\"%.1f\"%s>", x, y, attributes);
    xml_text(chart->file, text);
    fputs("</text>\n", chart->file);
}

/* ---- The axis ---- */

/* 1, 2 or 5 times a power of ten, the first that leaves few numbers between both. */
static double step_for(double range)
{
    double step = pow(10, floor(log10(range / TICKS)));

    if (range / step > 5 * TICKS)
        return 10 * step;
    if (range / step > 2 * TICKS)
        return 5 * step;
    return range / step > TICKS ? 2 * step : step;
}

/* From 0, or below, to the largest of all runs, in whole steps. */
static void choose_axis(struct chart *chart)
{
    const struct comparison *comparison = chart->comparison;
    double least = 0;
    double most = 0;

    for (size_t i = 0; i < comparison->count; i++) {
        const struct summary *summary = &comparison->subjects[i].summaries[comparison->metric];

        if (!is_known(&comparison->subjects[i], comparison->metric))
            continue;
        least = fmin(least, summary->least / chart->scale.unit.size);
        most = fmax(most, summary->most / chart->scale.unit.size);
    }
    if (most - least <= 0)
        most = 1;
    chart->step = step_for(most - least);
    chart->from = floor(least / chart->step) * chart->step;
    chart->to = ceil(most / chart->step) * chart->step;
}

static double place_of(const struct chart *chart, double value)
{
    return chart->left +
           (value - chart->from) / (chart->to - chart->from) * (chart->right - chart->left);
}

/* As many decimals as its step has. */
static void write_number(const struct chart *chart, double value, double y)
{
    int decimals = (int)fmax(0, -floor(log10(chart->step) + 1e-9));
    struct scale scale = {{"", 1}, decimals};
    char text[VALUE_SIZE];

    write_label(chart, place_of(chart, value), y, " class=\"quiet\" text-anchor=\"middle\"",
                show_value(&scale, value, text));
}

static void write_axis(const struct chart *chart, double bottom)
{
    int steps = (int)lround((chart->to - chart->from) / chart->step);
    double zero = place_of(chart, 0);

    for (int i = 0; i <= steps; i++) {
        /* A sum of steps that ought to be 0 may be a little beside it. */
        double value = round(chart->from / chart->step + i) * chart->step;
        double x = place_of(chart, value);

        fprintf(chart->file,
                "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x, HEAD,
                x, bottom);
        write_number(chart, value, bottom + 18);
    }
    fprintf(chart->file, "<line class=\"axis\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
            zero, HEAD, zero, bottom);
}

/* ---- A row ---- */

static void write_name(const struct chart *chart, const struct subject *subject, double top)
{
    const char *name = subject->variant.name;
    char *shown = fitting(name, chart->names_above ? NAME_MOST : NAME_BESIDE);

    if (chart->names_above)
        write_label(chart, chart->left, top - 5, "", shown);
    else
        write_label(chart, chart->left - 8, top + BAR / 2 + 4.5, " text-anchor=\"end\"", shown);
    free(shown);
}

static void write_line(const struct chart *chart, double x1, double y1, double x2, double y2)
{
    fprintf(chart->file,
            "<line class=\"range\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x1, y1, x2,
            y2);
}

/* The whole range of the runs, with ends, and the interval on it. */
static void write_range(const struct chart *chart, const struct summary *summary, double middle)
{
    double unit = chart->scale.unit.size;
    double least = place_of(chart, summary->least / unit);
    double most = place_of(chart, summary->most / unit);
    double low = place_of(chart, summary->low / unit);
    double high = place_of(chart, summary->high / unit);

    write_line(chart, least, middle, most, middle);
    write_line(chart, least, middle - END / 2, least, middle + END / 2);
    write_line(chart, most, middle - END / 2, most, middle + END / 2);
    fprintf(chart->file,
            "<rect class=\"interval\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
            low - 0.5, middle - INTERVAL / 2, high - low + 1, INTERVAL);
}

/* What is not a backend alone is paler. */
static void write_bar(const struct chart *chart, const struct subject *subject, double top)
{
    const struct variant *variant = &subject->variant;
    bool plain =
        variant->backend != NULL && !is_special(variant) && strchr(variant->backend, '+') == NULL;
    double median = subject->summaries[chart->comparison->metric].median / chart->scale.unit.size;
    double zero = place_of(chart, 0);
    double end = place_of(chart, median);

    fprintf(chart->file,
            "<rect class=\"%s%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
            chart_colour(variant)->class_name, plain ? "" : " pale", fmin(zero, end), top,
            fabs(end - zero), BAR);
}

/* Behind all that is drawn of it. */
static void write_value(const struct chart *chart, const struct summary *summary, double top)
{
    char text[VALUE_SIZE];
    double end = place_of(chart, fmax(0, summary->most / chart->scale.unit.size));
    char *value = text_format("%s%s%s", show_value(&chart->scale, summary->median, text),
                              *chart->scale.unit.name != '\0' ? " " : "", chart->scale.unit.name);

    write_label(chart, end + 8, top + BAR / 2 + 4.5, "", value);
    free(value);
}

/* The name in full is what a viewer shows when one points at the row. */
static void write_row(const struct chart *chart, const struct subject *subject, double top)
{
    enum metric metric = chart->comparison->metric;

    fputs("<g><title>", chart->file);
    xml_text(chart->file, subject->variant.name);
    fputs("</title>\n", chart->file);
    write_name(chart, subject, top);
    if (is_known(subject, metric)) {
        write_bar(chart, subject, top);
        write_range(chart, &subject->summaries[metric], top + BAR / 2);
        write_value(chart, &subject->summaries[metric], top);
    } else {
        write_label(chart, place_of(chart, 0) + 8, top + BAR / 2 + 4.5, " class=\"quiet\"",
                    subject->failure != NULL ? subject->outcome : "not measured");
    }
    fputs("</g>\n", chart->file);
}

/* ---- The whole ---- */

/* Without variables of CSS, which some viewers do not know. The first rules are for all of them. */
static void write_style(FILE *to)
{
    fputs("<style>\n"
          "text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;"
          "fill:#222}\n"
          ".title{font-size:15px;font-weight:bold}\n"
          ".quiet{fill:#5c5c5c}\n"
          ".back{fill:#fff}\n"
          ".grid{stroke:#ddd}\n"
          ".axis{stroke:#444}\n"
          ".range{stroke:#111;stroke-width:1.5}\n"
          ".interval{fill:#111}\n"
          ".pale{fill-opacity:.5}\n",
          to);
    for (size_t i = 0; i < CHART_COLOURS; i++)
        fprintf(to, ".%s{fill:%s}\n", chart_colours[i].class_name, chart_colours[i].colour);
    fputs("@media (prefers-color-scheme:dark){\n"
          "text{fill:#e8e8e8}\n"
          ".quiet{fill:#a8a8a8}\n"
          ".back{fill:#16191d}\n"
          ".grid{stroke:#363b42}\n"
          ".axis{stroke:#b0b0b0}\n"
          ".range{stroke:#fff}\n"
          ".interval{fill:#fff}\n"
          "}\n"
          "</style>\n",
          to);
}

/* For those who cannot see it. */
static void write_meaning(const struct comparison *comparison, FILE *to)
{
    char *program = describe_program(comparison, TITLE_COLUMNS);
    char *verdict = verdict_on(comparison);

    fputs("<title>", to);
    xml_text(to, kind_of(comparison, comparison->metric)->title);
    fputs(" of ", to);
    xml_text(to, program);
    fputs("</title>\n<desc>", to);
    xml_text(to, verdict);
    fputs("</desc>\n", to);
    free(verdict);
    free(program);
}

static void write_words(const struct chart *chart, double bottom)
{
    const struct comparison *comparison = chart->comparison;
    char *program = describe_program(comparison, TITLE_COLUMNS);
    char *axis = chart_axis(comparison, &chart->scale);
    char *caption = chart_caption(kind_of(comparison, comparison->metric));

    write_label(chart, EDGE, 28, " class=\"title\"", program);
    write_label(chart, EDGE, 50, "", axis);
    write_label(chart, EDGE, bottom + FOOT - 14, " class=\"quiet\"", caption);
    free(caption);
    free(axis);
    free(program);
}

/* Names decide where bars begin, the longest value where they end. */
static void lay_out(struct chart *chart)
{
    const struct comparison *comparison = chart->comparison;
    size_t longest = 0;

    for (size_t i = 0; i < comparison->count; i++) {
        size_t columns = text_columns(comparison->subjects[i].variant.name);

        longest = columns > longest ? columns : longest;
    }
    chart->names_above = longest > NAME_BESIDE;
    chart->row = BAR + GAP + (chart->names_above ? NAME_LINE : 0);
    chart->left = EDGE + (chart->names_above ? 0 : (double)longest * COLUMN + 8);
    chart->right = WIDTH - EDGE - 12 * COLUMN;
}

static void write_rows(const struct chart *chart)
{
    const struct comparison *comparison = chart->comparison;
    double above = chart->names_above ? NAME_LINE : 0;

    for (size_t i = 0; i < comparison->count; i++)
        write_row(chart, &comparison->subjects[i], HEAD + GAP / 2 + above + (double)i * chart->row);
}

const char *draw_svg(const struct comparison *comparison, FILE *to)
{
    struct chart chart = {
        .comparison = comparison, .scale = scale_of(comparison, comparison->metric), .file = to};
    double bottom;

    lay_out(&chart);
    choose_axis(&chart);
    bottom = HEAD + (double)comparison->count * chart.row;
    fprintf(to,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
            "viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n",
            WIDTH, bottom + FOOT, WIDTH, bottom + FOOT);
    write_meaning(comparison, to);
    write_style(to);
    fprintf(to, "<rect class=\"back\" width=\"%.0f\" height=\"%.0f\"/>\n", WIDTH, bottom + FOOT);
    write_axis(&chart, bottom);
    write_rows(&chart);
    write_words(&chart, bottom);
    fputs("</svg>\n", to);
    return NULL;
}
