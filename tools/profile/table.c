/* SPDX-License-Identifier: BSD-3-Clause */

/* The functions that hold most, each with what it has asked for itself, and with what those that it calls
 * have. */

#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "profile/traces.h"
#include "text.h"
#include "verb.h"

struct holder {
    char *name;
    const struct frame *frame; /* one in it, that with most */
    int64_t frame_bytes;
    int64_t own;
    int64_t with_callees;
    int64_t blocks;
    size_t seen_in; /* the last stack that it was counted for, from 1 on */
};

struct holders {
    void *by_name;
    size_t count;
    struct holder **of;
};

static int compare_names(const void *left, const void *right)
{
    const struct holder *a = left;
    const struct holder *b = right;

    return strcmp(a->name, b->name);
}

static struct holder *holder_of(struct holders *holders, const struct frame *frame)
{
    struct holder *holder = allocate(1, sizeof *holder);
    struct holder **found;

    holder->name = frame_name(frame);
    holder->frame = frame;
    found = tsearch(holder, &holders->by_name, compare_names);
    if (found == NULL)
        abort();
    if (*found != holder) {
        free(holder->name);
        free(holder);
        return *found;
    }
    holders->of = reallocarray(holders->of, holders->count + 1, sizeof *holders->of);
    if (holders->of == NULL)
        abort();
    holders->of[holders->count++] = holder;
    return holder;
}

/* A function that is in a stack twice holds it once. */
static void count_trace(struct holders *holders, const struct trace *trace, size_t number,
                        bool is_total)
{
    int64_t bytes = bytes_of(&trace->figures, is_total);

    if (bytes == 0 && blocks_of(&trace->figures, is_total) == 0)
        return;
    for (size_t i = 0; i < trace->depth; i++) {
        struct holder *holder = holder_of(holders, trace->frames[i]);

        if (i == 0) {
            holder->own += bytes;
            holder->blocks += blocks_of(&trace->figures, is_total);
            if (llabs(bytes) > llabs(holder->frame_bytes)) {
                holder->frame = trace->frames[0];
                holder->frame_bytes = bytes;
            }
        }
        if (holder->seen_in != number)
            holder->with_callees += bytes;
        holder->seen_in = number;
    }
}

static int compare_holders(const void *left, const void *right)
{
    const struct holder *a = *(struct holder *const *)left;
    const struct holder *b = *(struct holder *const *)right;

    if (llabs(a->own) != llabs(b->own))
        return llabs(a->own) > llabs(b->own) ? -1 : 1;
    if (llabs(a->with_callees) != llabs(b->with_callees))
        return llabs(a->with_callees) > llabs(b->with_callees) ? -1 : 1;
    return strcmp(a->name, b->name);
}

static double percent(int64_t bytes, int64_t of)
{
    return of != 0 ? 100.0 * (double)bytes / (double)of : 0;
}

static void print_holder(FILE *to, const struct holder *holder, int64_t sum)
{
    char *name = text_harmless(holder->name);

    fprintf(to, "%10.2f %6.1f %10.2f %6.1f %10" PRId64 "  %s", (double)holder->own / 1048576,
            percent(holder->own, sum), (double)holder->with_callees / 1048576,
            percent(holder->with_callees, sum), holder->blocks, name);
    if (holder->frame->file != NULL)
        fprintf(to, " (%s:%d)", holder->frame->file, holder->frame->line);
    else if (holder->frame->function != NULL && !holder->frame->is_zone)
        fprintf(to, " (%s)", holder->frame->object);
    fputc('\n', to);
    free(name);
}

static void free_holder(void *holder)
{
    free(((struct holder *)holder)->name);
    free(holder);
}

void print_holders(FILE *to, const struct traces *traces, bool is_total, size_t rows)
{
    struct holders holders = {0};
    struct heap_figures all = traces_sum(traces);
    int64_t sum = bytes_of(&all, is_total);

    for (size_t i = 0; i < traces->count; i++)
        count_trace(&holders, &traces->of[i], i + 1, is_total);
    if (holders.count == 0) {
        fprintf(to, "no sample is of that; a smaller interval takes more%s\n",
                is_total ? "" : ", and --total shows what was freed as well");
        return;
    }
    qsort(holders.of, holders.count, sizeof *holders.of, compare_holders);
    fprintf(to, "%10s %6s %10s %6s %10s  %s\n", "OWN MiB", "%", "WITH MiB", "%", "BLOCKS",
            "FUNCTION");
    for (size_t i = 0; i < holders.count && i < rows; i++)
        print_holder(to, holders.of[i], sum);
    if (holders.count > rows)
        fprintf(to, "... and %zu functions more (-n shows more)\n", holders.count - rows);
    tdestroy(holders.by_name, free_holder);
    free(holders.of);
}
