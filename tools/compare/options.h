/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

/* What compare was asked for, on the command line. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "compare/comparison.h"
#include "preloading.h"
#include "verb.h"

/* For messages, which need the verb's name alone. The verb is in compare.c, which needs this. */
#define COMPARE_NAME "compare"
extern const struct verb compare_messages;

/* The files that it can write. */
enum { FILE_JSON, FILE_CSV, FILE_MARKDOWN, FILE_CHART, FILES };

struct file_option {
    const char *path; /* NULL: not asked for; "-" is stdout */
    struct typed typed;
};

/* A -b, which has several rows, or a --variant, in the order in which they came. */
struct rows_option {
    const char *text;
    struct typed typed;
    bool is_variant;
};

struct compare_options {
    struct rows_option *rows;
    size_t rows_count; /* 0: all backends that are available */
    size_t runs;
    size_t warmup;
    const char *prepare;
    enum preload_wish preload;
    double timeout;
    enum metric metric; /* METRICS: not said */
    struct typed metric_typed;
    const char *regex; /* NULL: no figure is looked for */
    struct typed regex_typed;
    const char *name; /* of the figure */
    struct typed name_typed;
    const char *better; /* the same, "higher" or "lower" */
    struct typed better_typed;
    struct file_option files[FILES];
};

/*
 * Reads them, with nothing but defaults in *options. -1 to go on, at optind; else what to end with,
 * after a message.
 */
int read_compare_options(int argc, char **argv, struct compare_options *options);

void free_compare_options(struct compare_options *options);

/* help.c */
void print_compare_help(FILE *to);

#define RUNS 10
#define RUNS_MOST 10000
#define WARMUP 1
#define WARMUP_MOST 1000
#define TIMEOUT_LEAST 0.1
#define TIMEOUT_MOST 1e6

/* ---- rows.c ---- */

/* What is compared. */
struct variants {
    struct variant *of;
    size_t count;
};

/*
 * The variants that were asked for, once they are known to be right and the program can have them.
 * STATUS_FINE, or what to end with, after a message.
 */
int choose_variants(const struct compare_options *options, const char *program,
                    struct variants *variants);

/* Those that are still in it. */
void free_variants(struct variants *variants);

#endif
