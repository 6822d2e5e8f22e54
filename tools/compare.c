/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc compare: one program on several backends. */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "candidates.h"
#include "chart.h"
#include "measure.h"
#include "memory.h"
#include "output.h"
#include "report.h"
#include "results.h"
#include "verb.h"

#define RUNS 10
#define RUNS_MOST 10000
#define WARMUP 1
#define WARMUP_MOST 1000

enum { WARMUP_OPTION = 256, METRIC_OPTION, JSON_OPTION, CHART_OPTION }; /* no letters */

struct compare_options {
    const char *backends; /* NULL: all that are available */
    size_t runs;
    size_t warmup;
    enum metric metric;
    const char *json;  /* NULL: none */
    const char *chart; /* the same */
};

/* clang-format off */
static void print_help(FILE *to)
{
    fprintf(to,
            "usage: zmalloc compare [-b LIST] [-n RUNS] [--warmup N] [--metric METRIC]\n"
            "                       [--json FILE] [--chart FILE.svg|FILE.png] [--] PROGRAM [ARGUMENT...]\n"
            "\n"
            "Runs PROGRAM on each backend, and says what the backends make of its time and memory. In each\n"
            "round every backend has one run, in an order that is drawn anew, so that what else the\n"
            "machine does meets them alike. PROGRAM has to use zmalloc and to end by itself; it reads\n"
            "nothing from stdin, has no terminal, and what it prints is shown only where it fails.\n"
            "\n"
            "  -b, --backends LIST   backends with commas between them, each with layers over it if\n"
            "                        wanted; all that are available if not said. The first is what the\n"
            "                        others are compared with\n"
            "  -n, --runs RUNS       how often on each backend, 1 to %d; %d if not said\n"
            "      --warmup N        rounds before that do not count, 0 to %d; %d if not said\n"
            "      --metric METRIC   what the verdict and the chart are about; wall if not said:\n"
            "                          wall    time from start to end\n"
            "                          cpu     time of the processors, for user and system\n"
            "                          rss     the most physical memory it had\n"
            "                          faults  page faults\n"
            "                          peak    the most it had allocated, as zmalloc counts\n"
            "      --json FILE       all that was measured, and what it shows\n"
            "      --chart FILE      bars of the metric, with error bars, as .svg or .png; by gnuplot\n"
            "  -h, --help            this\n"
            "\n"
            "For each metric there is the median, the interval in which it lies with 95 %% (percentile\n"
            "bootstrap, 4000 samples), and its ratio to that of the first backend: below 1 is less, and\n"
            "less is better. Where intervals overlap the verdict is that there is no difference. With\n"
            "fewer than 6 runs there is no verdict.\n"
            "\n"
            "A backend on which PROGRAM fails (another exit status than 0, or a signal), or leaves no\n"
            "record of its memory, has no more runs and no part in the result. The others go on; where\n"
            "all fail it ends. Ctrl-C ends PROGRAM and shows what was measured until then; FILE of --json\n"
            "is written also then, and says so, a chart is not drawn. The environment is PROGRAM's, but\n"
            "that ZMALLOC_BACKEND and ZMALLOC_STATS are set for it.\n"
            "\n"
            "examples:\n"
            "  zmalloc compare -- ./server --benchmark\n"
            "  zmalloc compare -b libc,jemalloc -n 30 --metric rss -- ./batch input.txt\n"
            "  zmalloc compare -b libc,debug+libc --chart cost.svg -- ./batch input.txt\n"
            "  zmalloc compare --json result.json -- sh -c './client | ./server'\n"
            "\n"
            "exit status:\n"
            "  0    all was measured\n"
            "  1    PROGRAM failed on a backend or does not use zmalloc, or a file was not written\n"
            "  2    bad usage\n"
            "  126  PROGRAM cannot be executed\n"
            "  127  PROGRAM is not found\n"
            "  130  interrupted with Ctrl-C, or with SIGTERM or SIGHUP\n",
            RUNS_MOST, RUNS, WARMUP_MOST, WARMUP);
}
/* clang-format on */

/* ---- What was asked for ---- */

/* Digits alone: strtoul takes blanks and signs. */
static int read_number(const char *option, const char *text, size_t least, size_t most,
                       size_t *number)
{
    char *end;
    unsigned long value = 0;
    bool is_number = *text >= '0' && *text <= '9';

    errno = 0;
    if (is_number)
        value = strtoul(text, &end, 10);
    if (!is_number || *end != '\0' || errno != 0 || value < least || value > most)
        return bad_usage(&verb_compare, "%s %s: it is a number from %zu to %zu", option, text,
                         least, most);
    *number = value;
    return STATUS_FINE;
}

static int read_metric(const char *word, enum metric *metric)
{
    const char *words[METRICS + 1] = {NULL};
    const char *meant;

    *metric = find_metric(word);
    if (*metric != METRICS)
        return STATUS_FINE;
    for (int i = 0; i < METRICS; i++)
        words[i] = metric_kinds[i].word;
    meant = nearest(word, words);
    return bad_usage(&verb_compare, "--metric %s: it is wall, cpu, rss, faults or peak%s%s%s", word,
                     meant != NULL ? "; did you mean '" : "", meant != NULL ? meant : "",
                     meant != NULL ? "'?" : "");
}

static int read_chart(const char *path, const char **chart)
{
    *chart = path;
    if (is_chart_name(path))
        return STATUS_FINE;
    return bad_usage(&verb_compare, "--chart %s: the name ends with .svg or .png", path);
}

static int help(void)
{
    print_help(stdout);
    return STATUS_FINE;
}

/* -1 to go on, else what to end with. */
static int read_options(int argc, char **argv, struct compare_options *options)
{
    static const struct option known[] = {
        {"backends", required_argument, NULL, 'b'},
        {"runs", required_argument, NULL, 'n'},
        {"warmup", required_argument, NULL, WARMUP_OPTION},
        {"metric", required_argument, NULL, METRIC_OPTION},
        {"json", required_argument, NULL, JSON_OPTION},
        {"chart", required_argument, NULL, CHART_OPTION},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int status = STATUS_FINE;
    int option;

    while (status == STATUS_FINE &&
           (option = getopt_long(argc, argv, "+:b:n:h", known, NULL)) != -1) {
        if (option == 'b')
            options->backends = optarg;
        else if (option == 'n')
            status = read_number("-n", optarg, 1, RUNS_MOST, &options->runs);
        else if (option == WARMUP_OPTION)
            status = read_number("--warmup", optarg, 0, WARMUP_MOST, &options->warmup);
        else if (option == METRIC_OPTION)
            status = read_metric(optarg, &options->metric);
        else if (option == JSON_OPTION)
            options->json = optarg;
        else if (option == CHART_OPTION)
            status = read_chart(optarg, &options->chart);
        else if (option == 'h')
            return help();
        else
            status = bad_option(&verb_compare, argv, known, option);
    }
    return status != STATUS_FINE ? status : -1;
}

static int check_file(const char *option, const char *path)
{
    if (path == NULL || check_output(path) == 0)
        return STATUS_FINE;
    return bad_usage(&verb_compare, "%s %s: %s", option, path, strerror(errno));
}

static int check_backends(const struct names *names)
{
    char why[1024];

    for (size_t i = 0; i < names->count; i++)
        if (!backend_starts(names->of[i], why, sizeof why))
            return bad_usage(&verb_compare, "-b %s: %s", names->of[i], why);
    return STATUS_FINE;
}

/* The names, once they are known to be right. */
static int choose_backends(const char *list, struct names *names)
{
    if (list == NULL) {
        *names = available_backends();
        return STATUS_FINE;
    }
    *names = listed_backends(list);
    if (names->count == 0)
        return bad_usage(&verb_compare, "-b '%s': it names no backend", list);
    return check_backends(names);
}

static int check_files(const struct compare_options *options)
{
    int status = check_file("--json", options->json);

    return status != STATUS_FINE ? status : check_file("--chart", options->chart);
}

/* ---- What was measured ---- */

static struct comparison prepare(const struct compare_options *options, const struct names *names,
                                 char **program)
{
    struct comparison comparison = {
        .program = program,
        .runs = options->runs,
        .warmup = options->warmup,
        .metric = options->metric,
        .subjects = allocate(names->count, sizeof *comparison.subjects),
        .count = names->count,
    };

    for (size_t i = 0; i < names->count; i++) {
        comparison.subjects[i].backend = copy_text(names->of[i], (size_t)-1);
        comparison.subjects[i].samples = allocate_samples(&comparison);
    }
    return comparison;
}

/* NULL is no reason: it was written. */
static int written(const char *path, const char *why_not)
{
    if (why_not == NULL)
        return STATUS_FINE;
    complain(&verb_compare, "%s: not written: %s", path, why_not);
    return STATUS_FAILURE;
}

static int write_json(const struct compare_options *options, const struct comparison *comparison)
{
    if (options->json == NULL)
        return STATUS_FINE;
    return written(options->json,
                   write_results(comparison, options->json) == 0 ? NULL : strerror(errno));
}

static int write_chart(const struct compare_options *options, const struct comparison *comparison)
{
    if (options->chart == NULL || comparison->interrupted || first_of(comparison) == NULL)
        return STATUS_FINE;
    /* That was said before the first run. */
    if (!can_draw())
        return STATUS_FAILURE;
    return written(options->chart, draw_chart(comparison, options->chart));
}

static int status_of(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++)
        if (comparison->subjects[i].failure != NULL)
            return STATUS_FAILURE;
    return STATUS_FINE;
}

static int conclude(const struct compare_options *options, struct comparison *comparison)
{
    int json;
    int chart;

    summarize_all(comparison);
    print_failures(comparison, stderr);
    json = write_json(options, comparison);
    chart = write_chart(options, comparison);
    print_report(comparison, stdout);
    if (comparison->interrupted)
        return STATUS_INTERRUPTED;
    if (json != STATUS_FINE || chart != STATUS_FINE)
        return STATUS_FAILURE;
    return status_of(comparison);
}

static int compare(const struct compare_options *options, const struct names *names, char **program)
{
    struct comparison comparison = prepare(options, names, program);
    int status;

    if (options->chart != NULL && !can_draw())
        complain(&verb_compare, "there is no gnuplot in PATH, so there will be no %s",
                 options->chart);
    status = measure(&comparison);
    if (status == STATUS_FINE)
        status = conclude(options, &comparison);
    free_subjects(&comparison);
    return status;
}

static int run(int argc, char **argv)
{
    struct compare_options options = {.runs = RUNS, .warmup = WARMUP, .metric = METRIC_WALL};
    struct names names = {0};
    int status = read_options(argc, argv, &options);

    if (status >= 0)
        return status;
    if (argv[optind] == NULL)
        return bad_usage(&verb_compare, "no PROGRAM to run");
    status = check_files(&options);
    if (status == STATUS_FINE)
        status = choose_backends(options.backends, &names);
    if (status == STATUS_FINE)
        status = compare(&options, &names, argv + optind);
    free_names(&names);
    return status;
}

const struct verb verb_compare = {
    .name = "compare",
    .summary = "run a program on several backends, and compare time and memory",
    .print_help = print_help,
    .run = run,
};
