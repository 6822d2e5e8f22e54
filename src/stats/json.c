/* SPDX-License-Identifier: BSD-3-Clause */

/* JSON in one line, as docs/stats.schema.json describes it. */

#include <string.h>

#include "choice.h"
#include "stats/stats.h"

static bool escape(struct zm_writer *writer, char c)
{
    if (c < 0x20) {
        zm_writer_text(writer, c < 0x10 ? "\\u000" : "\\u00");
        zm_writer_hexadecimal(writer, (uint64_t)c);
        return true;
    }
    if (c == '"' || c == '\\')
        zm_writer_text(writer, "\\");
    return false;
}

/* name includes everything before the value. */
static void write_string(struct zm_writer *writer, const char *name, const char *text)
{
    zm_writer_text(writer, name);
    zm_writer_text(writer, "\"");
    zm_writer_utf8(writer, text, escape);
    zm_writer_text(writer, "\"");
}

static void write_number(struct zm_writer *writer, const char *name, uint64_t number)
{
    zm_writer_text(writer, name);
    zm_writer_decimal(writer, number);
}

static void write_backend(struct zm_writer *writer, const struct zm_stats *stats)
{
    write_string(writer, ",\"backend\":{\"name\":", stats->backend);
    write_string(writer, ",\"version\":", stats->backend_version);
    write_string(writer, ",\"origin\":", stats->choice->origin);
    write_number(writer, ",\"prefix_bytes\":", stats->prefix_size);
    zm_writer_text(writer, ",\"counts_by_itself\":");
    zm_writer_text(writer, stats->counts_by_itself ? "true}" : "false}");
}

static void write_choice(struct zm_writer *writer, const struct zm_choice *choice)
{
    write_string(writer, ",\"choice\":{\"by\":", choice->by);
    write_string(writer, ",\"value\":", choice->list);
    zm_writer_text(writer, "}");
}

static void write_figure(struct zm_writer *writer, const struct zm_figure *figure, uint64_t value)
{
    zm_writer_text(writer, "\"");
    zm_writer_text(writer, figure->name);
    zm_writer_text(writer, "\":");
    if (value == ZM_UNKNOWN_FIGURE)
        zm_writer_text(writer, "null");
    else if (figure->unit == ZM_RATIO)
        zm_writer_fixed(writer, value, ZM_RATIO_PLACES);
    else
        zm_writer_decimal(writer, value);
}

/* The figures of a group are next to each other. */
static void write_figures(struct zm_writer *writer, const uint64_t *values)
{
    const char *group = "";

    for (size_t i = 0; i < ZM_FIGURES; i++) {
        const struct zm_figure *figure = &zm_figures[i];

        if (strcmp(group, figure->group) == 0) {
            zm_writer_text(writer, ",");
        } else {
            zm_writer_text(writer, i > 0 ? "},\"" : ",\"");
            zm_writer_text(writer, figure->group);
            zm_writer_text(writer, "\":{");
        }
        group = figure->group;
        write_figure(writer, figure, values[i]);
    }
    zm_writer_text(writer, "}");
}

static void write_limit(struct zm_writer *writer, size_t limit)
{
    zm_writer_text(writer, ",\"limit_bytes\":");
    if (limit != SIZE_MAX)
        zm_writer_decimal(writer, limit);
    else
        zm_writer_text(writer, "null");
}

static void write_zones(struct zm_writer *writer, const struct zm_stats *stats)
{
    const void *zone = NULL;
    struct zm_zone_figures figures;
    const char *separator = "";

    zm_writer_text(writer, ",\"zones\":[");
    while (stats->next_zone(stats, &zone, &figures)) {
        zm_writer_text(writer, separator);
        write_string(writer, "{\"name\":", figures.name);
        if (figures.parent != NULL)
            write_string(writer, ",\"parent\":", figures.parent);
        else
            zm_writer_text(writer, ",\"parent\":null");
        write_number(writer, ",\"used_bytes\":", figures.used);
        write_number(writer, ",\"peak_bytes\":", figures.peak);
        write_limit(writer, figures.limit);
        zm_writer_text(writer, "}");
        separator = ",";
    }
    zm_writer_text(writer, "]");
}

void zm_stats_write_json(struct zm_writer *writer, const struct zm_stats *stats)
{
    write_string(writer, "{\"schema\":1,\"zmalloc\":", stats->version);
    write_number(writer, ",\"pid\":", (uint64_t)stats->pid);
    write_backend(writer, stats);
    write_choice(writer, stats->choice);
    write_figures(writer, stats->figures);
    write_zones(writer, stats);
    zm_writer_text(writer, "}");
}
