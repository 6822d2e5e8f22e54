/* SPDX-License-Identifier: BSD-3-Clause */

/* For people: a heading for each group, a line for each figure. */

#include <string.h>

#include "choice.h"
#include "stats/stats.h"

#define LABEL_WIDTH 28
#define INDENT "  "

static void write_label(struct zm_writer *writer, const char *indent, const char *label)
{
    size_t start = writer->length;

    zm_writer_text(writer, indent);
    zm_writer_text(writer, label);
    zm_writer_pad(writer, start, LABEL_WIDTH);
}

static void write_line(struct zm_writer *writer, const char *indent, const char *label,
                       const char *text)
{
    write_label(writer, indent, label);
    zm_writer_printable(writer, text, strlen(text));
    zm_writer_text(writer, "\n");
}

/* "1234567 bytes (1.1 MiB)": in the largest unit that makes at least 1, truncated to a tenth. */
static void write_bytes(struct zm_writer *writer, uint64_t bytes)
{
    static const char *const units[] = {" KiB)", " MiB)", " GiB)", " TiB)", " PiB)", " EiB)"};
    unsigned unit = 0;
    uint64_t scaled = bytes;

    zm_writer_decimal(writer, bytes);
    zm_writer_text(writer, " bytes");
    if (bytes < 1024)
        return;
    for (; scaled >= UINT64_C(1024) * 1024; scaled /= 1024)
        unit++;
    zm_writer_text(writer, " (");
    zm_writer_decimal(writer, scaled / 1024);
    zm_writer_text(writer, ".");
    zm_writer_decimal(writer, scaled % 1024 * 10 / 1024);
    zm_writer_text(writer, units[unit]);
}

static void write_value(struct zm_writer *writer, enum zm_unit unit, uint64_t value)
{
    if (value == ZM_UNKNOWN_FIGURE)
        zm_writer_text(writer, "unknown");
    else if (unit == ZM_BYTES)
        write_bytes(writer, value);
    else if (unit == ZM_RATIO)
        zm_writer_fixed(writer, value, ZM_RATIO_PLACES);
    else
        zm_writer_decimal(writer, value);
}

static void write_figures(struct zm_writer *writer, const uint64_t *values)
{
    const char *group = "";

    for (size_t i = 0; i < ZM_FIGURES; i++) {
        const struct zm_figure *figure = &zm_figures[i];

        if (strcmp(group, figure->group) != 0) {
            group = figure->group;
            zm_writer_text(writer, group);
            zm_writer_text(writer, "\n");
        }
        write_label(writer, INDENT, figure->label);
        write_value(writer, figure->unit, values[i]);
        zm_writer_text(writer, "\n");
    }
}

static void write_backend(struct zm_writer *writer, const struct zm_stats *stats)
{
    write_line(writer, "", "backend", stats->backend);
    write_line(writer, INDENT, "version", stats->backend_version);
    write_line(writer, INDENT, "origin", stats->choice->origin);
    write_label(writer, INDENT, "prefix of a block");
    write_bytes(writer, stats->prefix_size);
    zm_writer_text(writer, "\n");
    write_line(writer, INDENT, "counts by itself", stats->counts_by_itself ? "yes" : "no");
}

static void write_choice(struct zm_writer *writer, const struct zm_choice *choice)
{
    zm_writer_text(writer, "choice\n");
    write_line(writer, INDENT, "by", choice->by);
    write_line(writer, INDENT, "list", choice->list);
}

static void write_zones(struct zm_writer *writer, const struct zm_stats *stats)
{
    const void *zone = NULL;
    struct zm_zone_figures figures;

    while (stats->next_zone(stats, &zone, &figures)) {
        write_line(writer, "", "zone", figures.name);
        if (figures.parent != NULL)
            write_line(writer, INDENT, "in", figures.parent);
        write_label(writer, INDENT, "used");
        write_bytes(writer, figures.used);
        zm_writer_text(writer, "\n");
        write_label(writer, INDENT, "peak");
        write_bytes(writer, figures.peak);
        zm_writer_text(writer, "\n");
        if (figures.limit == SIZE_MAX)
            continue;
        write_label(writer, INDENT, "limit");
        write_bytes(writer, figures.limit);
        zm_writer_text(writer, "\n");
    }
}

void zm_stats_write_text(struct zm_writer *writer, const struct zm_stats *stats)
{
    zm_writer_text(writer, "zmalloc ");
    zm_writer_text(writer, stats->version);
    zm_writer_text(writer, ", process ");
    zm_writer_decimal(writer, (uint64_t)stats->pid);
    zm_writer_text(writer, "\n");
    write_backend(writer, stats);
    write_choice(writer, stats->choice);
    write_figures(writer, stats->figures);
    write_zones(writer, stats);
}
