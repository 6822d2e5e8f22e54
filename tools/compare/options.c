/* SPDX-License-Identifier: BSD-3-Clause */

/* The options of compare. */

#include "compare/options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/chart.h"
#include "output.h"

const struct verb compare_messages = {.name = COMPARE_NAME};

/* Those without a letter. */
enum {
    VARIANT_OPTION = 256,
    PRELOAD_OPTION,
    WARMUP_OPTION,
    PREPARE_OPTION,
    TIMEOUT_OPTION,
    METRIC_OPTION,
    REGEX_OPTION,
    NAME_OPTION,
    BETTER_OPTION,
    FILE_OPTION, /* and the file's number */
};

/* ---- Numbers ---- */

/* Digits alone: strtoul takes blanks and signs. */
static int read_number(struct typed option, size_t least, size_t most, size_t *number)
{
    const char *text = optarg;
    char *end;
    unsigned long value = 0;
    bool is_number = *text >= '0' && *text <= '9';

    errno = 0;
    if (is_number)
        value = strtoul(text, &end, 10);
    if (!is_number || *end != '\0' || errno != 0 || value < least || value > most)
        return bad_usage(&compare_messages, TYPED "%s: it is a number from %zu to %zu",
                         AS_TYPED(option), text, least, most);
    *number = value;
    return STATUS_FINE;
}

/* Digits and a point alone: strtod takes much more. */
static int read_timeout(struct typed option, double *timeout)
{
    bool is_number = *optarg != '\0' && strspn(optarg, "0123456789.") == strlen(optarg);
    char *end = optarg;
    double value = is_number ? strtod(optarg, &end) : 0;

    if (!is_number || *end != '\0' || value < TIMEOUT_LEAST || value > TIMEOUT_MOST)
        return bad_usage(&compare_messages, TYPED "%s: it is %g to %.0f seconds", AS_TYPED(option),
                         optarg, TIMEOUT_LEAST, TIMEOUT_MOST);
    *timeout = value;
    return STATUS_FINE;
}

/* ---- Metrics ---- */

static int read_metric(struct typed option, struct compare_options *options)
{
    const char *word = optarg;
    const char *words[METRICS + 1] = {NULL};
    const char *meant;

    options->metric_typed = option;
    options->metric = find_metric(word);
    if (options->metric != METRICS)
        return STATUS_FINE;
    for (int i = 0; i < METRICS; i++)
        words[i] = metric_kinds[i].word;
    meant = nearest(word, words);
    return bad_usage(&compare_messages,
                     TYPED "%s: it is wall, cpu, rss, faults, peak or printed%s%s%s",
                     AS_TYPED(option), word, meant != NULL ? "; did you mean '" : "",
                     meant != NULL ? meant : "", meant != NULL ? "'?" : "");
}

static int read_better(struct typed option, struct compare_options *options)
{
    options->better = optarg;
    options->better_typed = option;
    if (strcmp(optarg, "lower") == 0 || strcmp(optarg, "higher") == 0)
        return STATUS_FINE;
    return bad_usage(&compare_messages, TYPED "%s: it is lower or higher", AS_TYPED(option),
                     optarg);
}

/* The table shows it, so it has to be one line, and not empty. */
static int read_name(struct typed option, struct compare_options *options)
{
    options->name = optarg;
    options->name_typed = option;
    for (const char *c = optarg; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return bad_usage(&compare_messages, TYPED "the name has a control character",
                             AS_TYPED(option));
    if (*optarg != '\0')
        return STATUS_FINE;
    return bad_usage(&compare_messages, TYPED "the name is empty", AS_TYPED(option));
}

/* Options about the printed figure make no sense without --metric-regex. */
static int check_metrics(struct compare_options *options)
{
    const struct typed *lost = NULL;

    if (options->regex != NULL) {
        if (options->metric == METRICS)
            options->metric = METRIC_PRINTED;
        return STATUS_FINE;
    }
    if (options->name != NULL)
        lost = &options->name_typed;
    else if (options->better != NULL)
        lost = &options->better_typed;
    else if (options->metric == METRIC_PRINTED)
        return bad_usage(&compare_messages, TYPED "printed: --metric-regex says what that is",
                         AS_TYPED(options->metric_typed));
    if (lost != NULL)
        return bad_usage(&compare_messages, "%.*s is about what --metric-regex finds",
                         (int)strcspn(lost->word, "= "), lost->word);
    if (options->metric == METRICS)
        options->metric = METRIC_WALL;
    return STATUS_FINE;
}

/* ---- Files ---- */

static int read_file(struct typed option, int file, struct compare_options *options)
{
    options->files[file] = (struct file_option){optarg, option};
    if (file != FILE_CHART || is_chart_name(optarg))
        return STATUS_FINE;
    return bad_usage(&compare_messages, TYPED "%s: the name ends with .svg or .png",
                     AS_TYPED(option), optarg);
}

static int check_file(const struct file_option *file)
{
    if (file->path == NULL || check_output(file->path) == 0)
        return STATUS_FINE;
    return bad_usage(&compare_messages, TYPED "%s: %s", AS_TYPED(file->typed), file->path,
                     strerror(errno));
}

static int check_files(const struct compare_options *options)
{
    int status = STATUS_FINE;
    int outputs = 0;

    for (int i = 0; i < FILES && status == STATUS_FINE; i++) {
        const struct file_option *file = &options->files[i];

        status = check_file(file);
        if (status != STATUS_FINE || file->path == NULL || strcmp(file->path, "-") != 0)
            continue;
        if (++outputs > 1)
            status = bad_usage(&compare_messages, TYPED "-: only one file can be stdout",
                               AS_TYPED(file->typed));
    }
    return status;
}

/* ---- All ---- */

static void add_rows(struct compare_options *options, struct typed typed, bool is_variant)
{
    struct rows_option *more = allocate(options->rows_count + 1, sizeof *more);

    if (options->rows_count > 0)
        memcpy(more, options->rows, options->rows_count * sizeof *more);
    more[options->rows_count++] = (struct rows_option){optarg, typed, is_variant};
    free(options->rows);
    options->rows = more;
}

/* An option that has an argument. */
static int take(struct compare_options *options, int option, struct typed typed)
{
    switch (option) {
    case 'b':
    case VARIANT_OPTION:
        add_rows(options, typed, option == VARIANT_OPTION);
        return STATUS_FINE;
    case 'n':
        return read_number(typed, 1, RUNS_MOST, &options->runs);
    case PRELOAD_OPTION:
        return read_preload_wish(&compare_messages, typed, &options->preload);
    case WARMUP_OPTION:
        return read_number(typed, 0, WARMUP_MOST, &options->warmup);
    case PREPARE_OPTION:
        options->prepare = optarg;
        return STATUS_FINE;
    case TIMEOUT_OPTION:
        return read_timeout(typed, &options->timeout);
    case METRIC_OPTION:
        return read_metric(typed, options);
    case REGEX_OPTION:
        options->regex = optarg;
        options->regex_typed = typed;
        return STATUS_FINE;
    case NAME_OPTION:
        return read_name(typed, options);
    case BETTER_OPTION:
        return read_better(typed, options);
    default:
        return read_file(typed, option - FILE_OPTION, options);
    }
}

static const struct option known[] = {
    {"backends", required_argument, NULL, 'b'},
    {"variant", required_argument, NULL, VARIANT_OPTION},
    {"runs", required_argument, NULL, 'n'},
    {"preload", required_argument, NULL, PRELOAD_OPTION},
    {"warmup", required_argument, NULL, WARMUP_OPTION},
    {"prepare", required_argument, NULL, PREPARE_OPTION},
    {"timeout", required_argument, NULL, TIMEOUT_OPTION},
    {"metric", required_argument, NULL, METRIC_OPTION},
    {"metric-regex", required_argument, NULL, REGEX_OPTION},
    {"metric-name", required_argument, NULL, NAME_OPTION},
    {"metric-better", required_argument, NULL, BETTER_OPTION},
    {"json", required_argument, NULL, FILE_OPTION + FILE_JSON},
    {"csv", required_argument, NULL, FILE_OPTION + FILE_CSV},
    {"markdown", required_argument, NULL, FILE_OPTION + FILE_MARKDOWN},
    {"chart", required_argument, NULL, FILE_OPTION + FILE_CHART},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

int read_compare_options(int argc, char **argv, struct compare_options *options)
{
    int status = STATUS_FINE;
    int option;

    *options = (struct compare_options){
        .runs = RUNS, .warmup = WARMUP, .metric = METRICS, .timeout = INFINITY};
    while (status == STATUS_FINE &&
           (option = getopt_long(argc, argv, "+:b:n:h", known, NULL)) != -1) {
        if (option == 'h') {
            print_compare_help(stdout);
            return STATUS_FINE;
        }
        if (option == '?' || option == ':')
            return bad_option(&compare_messages, argv, known, option);
        status = take(options, option, typed_option(argv));
    }
    if (status == STATUS_FINE && argv[optind] == NULL)
        status = bad_usage(&compare_messages, "no PROGRAM to run");
    if (status == STATUS_FINE)
        status = check_metrics(options);
    if (status == STATUS_FINE)
        status = check_files(options);
    return status != STATUS_FINE ? status : -1;
}

void free_compare_options(struct compare_options *options)
{
    free(options->rows);
}
