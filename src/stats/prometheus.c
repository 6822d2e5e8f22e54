/* SPDX-License-Identifier: BSD-3-Clause */

/* The text exposition format of Prometheus, version 0.0.4. An unknown figure has no metric. */

#include "config.h"
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
    write_label(writer, "{version", ZM_VERSION);
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

void zm_stats_write_prometheus(struct zm_writer *writer, const struct zm_stats *stats)
{
    write_info(writer, stats);
    for (size_t i = 0; i < ZM_FIGURES; i++)
        if (stats->figures[i] != ZM_UNKNOWN_FIGURE)
            write_figure(writer, &zm_figures[i], stats->figures[i]);
}
