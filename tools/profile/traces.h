/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_TRACES_H
#define TOOLS_TRACES_H

#include <stdbool.h>
#include <stdio.h>

#include "profile/heap.h"
#include "profile/symbols.h"

/* The call stacks of one profile, or of two whose difference is wanted, with names. */

struct trace {
    struct heap_figures figures;
    size_t depth;
    const struct frame **frames; /* the innermost first */
};

struct traces {
    size_t count;
    struct trace *of; /* each stack once */
};

/* Adds the profile's figures, `times` times; so many stacks are told to `progress` now and then, if it is
 * not NULL. */
void traces_add(struct traces *traces, const struct heap_profile *profile, int64_t times,
                void (*progress)(size_t done, size_t of));
/* To be called when all are added: equal stacks become one. */
void traces_merge(struct traces *traces);
void traces_free(struct traces *traces);

/* What is shown of them. */
struct measure_of_heap {
    const char *name; /* "live", "allocated" */
    bool is_total;
};

int64_t bytes_of(const struct heap_figures *figures, bool is_total);
int64_t blocks_of(const struct heap_figures *figures, bool is_total);
struct heap_figures traces_sum(const struct traces *traces);

/* ---- What is made of them ---- */

/* table.c: the functions that hold most, at most so many. */
void print_holders(FILE *to, const struct traces *traces, bool is_total, size_t rows);
/* folded.c: a line for each stack, as flamegraph.pl and others take it. Returns 0 or -1 with errno. */
int write_folded(FILE *to, const struct traces *traces, bool is_total);
/* flame.c: a flame graph, an SVG that can be searched and zoomed. */
int write_flame(FILE *to, const struct traces *traces, bool is_total, const char *title);
/* pprof.c: pprof's own form, compressed. */
int write_pprof(const char *path, const struct traces *traces);

#endif
