/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The profile as text, in the form that gperftools has written for years and pprof reads: for each call
 * stack the blocks and bytes that are live, and those that were ever allocated; then what is mapped
 * where. The figures are estimates of all blocks, so the head names no interval, which would have
 * readers multiply them.
 */

#include "os/files.h"
#include "output.h"
#include "sample.h"
#include "text_writer.h"
#include "zone.h"

struct out {
    int fd;
    int error;
    struct zm_writer writer;
    char text[2000];
};

static void flush(struct out *out)
{
    if (out->error == 0 && out->writer.length > 0)
        out->error = zm_write(out->fd, out->text, out->writer.length);
    out->writer.length = 0;
}

static void start_line(struct out *out)
{
    if (out->writer.length > sizeof out->text / 2)
        flush(out);
}

static uint64_t rounded(uint64_t of_one)
{
    return (of_one + ZM_SAMPLE_ONE / 2) / ZM_SAMPLE_ONE;
}

static void write_pair(struct zm_writer *writer, uint64_t blocks, uint64_t bytes)
{
    zm_writer_decimal(writer, rounded(blocks));
    zm_writer_text(writer, ": ");
    zm_writer_decimal(writer, rounded(bytes));
}

static void write_sums(struct zm_writer *writer, const struct zm_sample_sums *sums)
{
    write_pair(writer, sums->live_blocks, sums->live_bytes);
    zm_writer_text(writer, " [");
    write_pair(writer, sums->all_blocks, sums->all_bytes);
    zm_writer_text(writer, "] @");
}

static void write_stack(struct out *out, zm_stack_number number, const struct zm_sample_sums *sums)
{
    uintptr_t addresses[ZM_STACK_FRAMES_MAX];
    unsigned count = zm_stack_addresses(number, addresses);

    start_line(out);
    write_sums(&out->writer, sums);
    for (unsigned i = 0; i < count; i++) {
        zm_writer_text(&out->writer, " 0x");
        zm_writer_hexadecimal(&out->writer, addresses[i]);
    }
    zm_writer_text(&out->writer, "\n");
}

static struct zm_sample_sums total(zm_stack_number count)
{
    struct zm_sample_sums all = {0};

    for (zm_stack_number number = 0; number <= count; number++) {
        struct zm_sample_sums sums = zm_sample_sums(number);

        all.live_blocks += sums.live_blocks;
        all.live_bytes += sums.live_bytes;
        all.all_blocks += sums.all_blocks;
        all.all_bytes += sums.all_bytes;
    }
    return all;
}

/* ---- Zones ---- */

/* A frame of its own, at an address that no other zone has and no function either. Readers take 1 off, to
 * come from where a call returns to the call. */
static uintptr_t frame_of_zone(unsigned zone)
{
    return (uintptr_t)zm_zone_name(zone) + 1;
}

void zm_sample_add_zone(struct zm_stack *stack, unsigned zone)
{
    unsigned at = stack->count < ZM_STACK_FRAMES_MAX ? stack->count++ : stack->count - 1;

    stack->addresses[at] = frame_of_zone(zone);
}

/* As if something of that name were mapped there. Before the memory in which it is: the first one counts. */
static void write_zone(struct out *out, unsigned zone)
{
    uintptr_t begin = frame_of_zone(zone) - 1;

    start_line(out);
    zm_writer_hexadecimal(&out->writer, begin);
    zm_writer_text(&out->writer, "-");
    zm_writer_hexadecimal(&out->writer, begin + 1);
    zm_writer_text(&out->writer, " r--p 00000000 00:00 0 [zone ");
    zm_writer_text(&out->writer, zm_zone_name(zone));
    zm_writer_text(&out->writer, "]\n");
}

/* ---- Mappings ---- */

/* Lines as the kernel writes them; a path that is too long is cut. */
static void write_mappings(struct out *out)
{
    struct zm_lines lines;
    char line[512];

    zm_writer_text(&out->writer, "\nMAPPED_LIBRARIES:\n");
    for (unsigned zone = 1; zone < ZM_ZONES; zone++)
        if (*zm_zone_name(zone) != '\0')
            write_zone(out, zone);
    zm_lines_open(&lines, "/proc/self/maps");
    while (zm_lines_next(&lines, line, sizeof line)) {
        start_line(out);
        zm_writer_text(&out->writer, line);
        zm_writer_text(&out->writer, "\n");
    }
    zm_lines_close(&lines);
}

int zm_sample_dump(int fd)
{
    zm_stack_number count = zm_stacks_count();
    struct zm_sample_sums all = total(count);
    struct out out = {.fd = fd};

    out.writer = (struct zm_writer){.text = out.text, .room = sizeof out.text};
    zm_writer_text(&out.writer, "heap profile: ");
    write_sums(&out.writer, &all);
    zm_writer_text(&out.writer, " heapprofile\n");
    for (zm_stack_number number = 0; number <= count; number++) {
        struct zm_sample_sums sums = zm_sample_sums(number);

        if (sums.all_blocks > 0)
            write_stack(&out, number, &sums);
    }
    write_mappings(&out);
    flush(&out);
    return out.error;
}
