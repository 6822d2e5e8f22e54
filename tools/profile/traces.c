/* SPDX-License-Identifier: BSD-3-Clause */

/* Call stacks with names. */

#include "profile/traces.h"

#include <stdlib.h>
#include <string.h>

#include "verb.h"

static struct trace trace_of(struct symbols *symbols, const struct heap_site *site)
{
    const struct place **places = allocate(site->depth + 1, sizeof(const struct place *));
    struct trace trace = {0};
    size_t depth = 0;

    for (size_t i = 0; i < site->depth; i++) {
        places[i] = symbols_place(symbols, site->addresses[i]);
        trace.depth += places[i]->count;
    }
    trace.frames = allocate(trace.depth + 1, sizeof(const struct frame *));
    for (size_t i = 0; i < site->depth; i++)
        for (size_t j = 0; j < places[i]->count; j++)
            trace.frames[depth++] = places[i]->frames[j];
    free(places);
    return trace;
}

void traces_add(struct traces *traces, const struct heap_profile *profile, int64_t times,
                void (*progress)(size_t done, size_t of))
{
    struct symbols *symbols = symbols_open(profile);
    struct trace *all = allocate(traces->count + profile->site_count + 1, sizeof *all);

    if (traces->count > 0)
        memcpy(all, traces->of, traces->count * sizeof *all);
    free(traces->of);
    traces->of = all;
    for (size_t i = 0; i < profile->site_count; i++) {
        struct trace trace = trace_of(symbols, &profile->sites[i]);

        heap_add(&trace.figures, &profile->sites[i].figures, times);
        traces->of[traces->count++] = trace;
        if (progress != NULL)
            progress(i + 1, profile->site_count);
    }
    symbols_close(symbols);
}

/* Places are known once each, and so their frames. */
static int compare_traces(const void *left, const void *right)
{
    const struct trace *a = left;
    const struct trace *b = right;

    if (a->depth != b->depth)
        return a->depth < b->depth ? -1 : 1;
    return memcmp(a->frames, b->frames, a->depth * sizeof *a->frames);
}

void traces_merge(struct traces *traces)
{
    size_t kept = 0;

    if (traces->count == 0)
        return;
    qsort(traces->of, traces->count, sizeof *traces->of, compare_traces);
    for (size_t i = 1; i < traces->count; i++) {
        if (compare_traces(&traces->of[kept], &traces->of[i]) == 0) {
            heap_add(&traces->of[kept].figures, &traces->of[i].figures, 1);
            free(traces->of[i].frames);
        } else {
            traces->of[++kept] = traces->of[i];
        }
    }
    traces->count = kept + 1;
}

void traces_free(struct traces *traces)
{
    for (size_t i = 0; i < traces->count; i++)
        free(traces->of[i].frames);
    free(traces->of);
    *traces = (struct traces){0};
}

int64_t bytes_of(const struct heap_figures *figures, bool is_total)
{
    return is_total ? figures->all_bytes : figures->live_bytes;
}

int64_t blocks_of(const struct heap_figures *figures, bool is_total)
{
    return is_total ? figures->all_blocks : figures->live_blocks;
}

struct heap_figures traces_sum(const struct traces *traces)
{
    struct heap_figures sum = {0};

    for (size_t i = 0; i < traces->count; i++)
        heap_add(&sum, &traces->of[i].figures, 1);
    return sum;
}
