/* SPDX-License-Identifier: BSD-3-Clause */

/* The table of zmalloc top, and the same as JSON. */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../text.h"
#include "../verb.h"
#include "top.h"

#define BACKEND_WIDTH 14

/* ---- For people ---- */

/* A line is written whole and cut to the width of the terminal. */
static void put_line(FILE *to, const struct top_view *view, const char *style_on, char *line)
{
    char *harmless = text_harmless(line);

    fprintf(to, "%s%.*s%s\n", view->has_colour ? style_on : "",
            (int)text_fitting(harmless, view->columns), harmless,
            view->has_colour && *style_on != '\0' ? "\033[0m" : "");
    free(harmless);
    free(line);
}

/* "97.6K", "1023M": at most five characters, as in top(1). */
static char *cell(uint64_t bytes)
{
    static const char units[] = "\0KMGTPE";
    uint64_t scaled = bytes;
    size_t unit = 0;

    if (bytes == ZM_UNKNOWN_FIGURE || bytes == SIZE_MAX)
        return text_format("-");
    for (; scaled >= UINT64_C(1024) * 1024; scaled /= 1024)
        unit++;
    if (bytes < 1024)
        return text_format("%d", (int)bytes);
    if (scaled < UINT64_C(100) * 1024)
        return text_format("%d.%d%c", (int)(scaled / 1024), (int)(scaled % 1024 * 10 / 1024),
                           units[unit + 1]);
    return text_format("%d%c", (int)(scaled / 1024), units[unit + 1]);
}

static void put_titles(FILE *to, const struct top_view *view)
{
    put_line(to, view, "\033[1m",
             text_format("%7s  %-*s %6s %6s %6s %6s %5s %5s  %s", "PID", BACKEND_WIDTH, "BACKEND",
                         "USED", "PEAK", "LIMIT", "RSS", "RSS/U", "ZONES", "COMMAND"));
}

static void put_row(FILE *to, const struct top_view *view, const struct top_row *row)
{
    const uint64_t *figures = row->picture->stats.figures;
    char *used = cell(figures[ZM_USED]);
    char *peak = cell(figures[ZM_PEAK]);
    char *limit = cell(figures[ZM_HARD_LIMIT]);
    char *rss = cell(figures[ZM_RSS]);
    char *ratio = row->ratio > 0 ? text_format("%.2f", row->ratio) : text_format("-");

    put_line(to, view, "",
             text_format("%7ld  %-*s %6s %6s %6s %6s %5.5s %5zu  %s", (long)row->pid, BACKEND_WIDTH,
                         row->picture->stats.backend, used, peak, limit, rss, ratio,
                         row->picture->zone_count, row->picture->facts.name));
    free(used);
    free(peak);
    free(limit);
    free(rss);
    free(ratio);
}

static void put_zones(FILE *to, const struct top_view *view, const struct picture *picture)
{
    for (size_t i = 0; i < picture->zone_count; i++) {
        const struct zone_row *zone = &picture->zones[i];
        char *used = cell(zone->figures.used);
        char *peak = cell(zone->figures.peak);
        char *limit = cell(zone->figures.limit);

        put_line(to, view, "\033[2m",
                 text_format("%7s  %-*s %6s %6s %6s %18s  %*s%s", "", BACKEND_WIDTH, " zone", used,
                             peak, limit, "", 2 * zone->depth, "", zone->name));
        free(used);
        free(peak);
        free(limit);
    }
}

void top_print_table(FILE *to, const struct top_rows *rows, const struct top_view *view)
{
    put_titles(to, view);
    for (size_t i = 0; i < rows->count; i++) {
        put_row(to, view, &rows->row[i]);
        if (view->has_zones)
            put_zones(to, view, rows->row[i].picture);
    }
    if (rows->count == 0)
        put_line(to, view, "", text_format("no process that may be read uses zmalloc"));
    if (rows->uncounted > 0)
        put_line(to, view, "\033[33m",
                 text_format("not shown: %zu process%s: %s", rows->uncounted,
                             rows->uncounted == 1 ? "" : "es", rows->trouble));
}

/* ---- For programs ---- */

static json_t *row_to_json(const struct top_row *row)
{
    char *text = picture_text(row->picture, zm_stats_write_json);
    json_t *statistics = json_loads(text, 0, NULL);

    free(text);
    return json_pack("{s:i, s:o, s:o, s:o}", "pid", (int)row->pid, "command",
                     text_json(row->picture->facts.name), "file", text_json(row->file),
                     "statistics", statistics != NULL ? statistics : json_null());
}

bool top_print_json(FILE *to, const struct top_rows *rows)
{
    json_t *processes = json_array();
    json_t *all;
    bool is_written;

    for (size_t i = 0; i < rows->count; i++)
        json_array_append_new(processes, row_to_json(&rows->row[i]));
    all = json_pack("{s:i, s:I, s:o, s:I, s:o}", "schema", 1, "time", (json_int_t)time(NULL),
                    "processes", processes, "not_shown", (json_int_t)rows->uncounted, "why",
                    rows->trouble != NULL ? text_json(rows->trouble) : json_null());
    is_written = all != NULL && json_dumpf(all, to, JSON_COMPACT) == 0 && fputc('\n', to) != EOF &&
                 fflush(to) == 0;
    json_decref(all);
    return is_written;
}
