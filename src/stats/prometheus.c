/* SPDX-License-Identifier: BSD-3-Clause */

/* The text exposition format of Prometheus, version 0.0.4. An unknown figure has no metric. */

#include "stats/stats.h"

static bool escape(struct zm_writer *writer, char c)
{
    if (c == '\n') {
        zm_writer_text(writer, "\\n");
        return true;
    }
    if (c == '"' || c == '\\')
        zm_writer_text(writer, "\\");
    return false;
}

/* name includes everything before the value. */
static void write_label(struct zm_writer *writer, const char *name, const char *value)
{
    zm_writer_text(writer, name);
    zm_writer_text(writer, "=\"");
    zm_writer_utf8(writer, value, escape);
    zm_writer_text(writer, "\"");
}

static void write_metric(struct zm_writer *writer, const char *name, const char *help,
                         const char *type)
{
    zm_writer_text(writer, "# HELP zmalloc_");
    zm_writer_text(writer, name);
    zm_writer_text(writer, " ");
    zm_writer_text(writer, help);
    zm_writer_text(writer, "\n# TYPE zmalloc_");
    zm_writer_text(writer, name);
    zm_writer_text(writer, type);
    zm_writer_text(writer, name);
}

static void write_info(struct zm_writer *writer, const struct zm_stats *stats)
{
    write_metric(writer, "info", "What serves the process, as labels; always 1.",
                 " gauge\nzmalloc_");
    write_label(writer, "{version", stats->version);
    write_label(writer, ",backend", stats->backend);
    write_label(writer, ",backend_version", stats->backend_version);
    write_label(writer, ",origin", stats->choice->origin);
    write_label(writer, ",counts_by_itself", stats->counts_by_itself ? "true" : "false");
    write_label(writer, ",chosen_by", stats->choice->by);
    write_label(writer, ",choice", stats->choice->list);
    zm_writer_text(writer, ",pid=\"");
    zm_writer_decimal(writer, (uint64_t)stats->pid);
    zm_writer_text(writer, "\"} 1\n");
}

static void write_figure(struct zm_writer *writer, const struct zm_figure *figure, uint64_t value)
{
    write_metric(writer, figure->metric, figure->help,
                 figure->unit == ZM_TOTAL ? " counter\nzmalloc_" : " gauge\nzmalloc_");
    zm_writer_text(writer, " ");
    if (figure->unit == ZM_RATIO)
        zm_writer_fixed(writer, value, ZM_RATIO_PLACES);
    else
        zm_writer_decimal(writer, value);
    zm_writer_text(writer, "\n");
}

/* One metric for all zones. Names need not differ, so the labels have a number, too. */
static void write_zone_metric(struct zm_writer *writer, const struct zm_stats *stats,
                              const char *name, const char *help,
                              size_t (*value)(const struct zm_zone_figures *figures))
{
    const void *zone = NULL;
    struct zm_zone_figures figures;
    bool is_first = true;

    while (stats->next_zone(stats, &zone, &figures)) {
        if (value(&figures) == SIZE_MAX)
            continue;
        if (is_first)
            write_metric(writer, name, help, " gauge\nzmalloc_");
        else {
            zm_writer_text(writer, "zmalloc_");
            zm_writer_text(writer, name);
        }
        is_first = false;
        write_label(writer, "{zone", figures.name);
        zm_writer_text(writer, ",number=\"");
        zm_writer_decimal(writer, figures.number);
        zm_writer_text(writer, "\"} ");
        zm_writer_decimal(writer, value(&figures));
        zm_writer_text(writer, "\n");
    }
}

static size_t used_of(const struct zm_zone_figures *figures)
{
    return figures->used;
}

static size_t peak_of(const struct zm_zone_figures *figures)
{
    return figures->peak;
}

static size_t limit_of(const struct zm_zone_figures *figures)
{
    return figures->limit;
}

void zm_stats_write_prometheus(struct zm_writer *writer, const struct zm_stats *stats)
{
    write_info(writer, stats);
    for (size_t i = 0; i < ZM_FIGURES; i++)
        if (stats->figures[i] != ZM_UNKNOWN_FIGURE)
            write_figure(writer, &zm_figures[i], stats->figures[i]);
    write_zone_metric(writer, stats, "zone_used_bytes", "In use in a zone and those below it.",
                      used_of);
    write_zone_metric(writer, stats, "zone_peak_bytes", "The most that was seen in a zone.",
                      peak_of);
    write_zone_metric(writer, stats, "zone_limit_bytes", "The limit of a zone.", limit_of);
}
