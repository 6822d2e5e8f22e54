/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc compare: one program on several backends. */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "backends.h"
#include "compare/measure.h"
#include "compare/output.h"
#include "compare/report.h"
#include "program.h"
#include "verb.h"

#define RUNS 10
#define RUNS_MOST 10000
#define WARMUP 1
#define WARMUP_MOST 1000

enum { WARMUP_OPTION = 256, METRIC_OPTION, JSON_OPTION, CHART_OPTION }; /* no letters */

struct compare_options {
    const char *backends; /* NULL: all that are available */
    struct typed backends_typed;
    size_t runs;
    size_t warmup;
    enum metric metric;
    const char *json; /* NULL: none */
    struct typed json_typed;
    const char *chart; /* the same */
    struct typed chart_typed;
};

static void print_help(FILE *to)
{
    fprintf(to,
            "usage: zmalloc compare [-b LIST] [-n RUNS] [--warmup N] [--metric METRIC]\n"
            "                       [--json FILE] [--chart FILE.svg|FILE.png] [--] PROGRAM\n"
            "                       [ARGUMENT...]\n"
            "\n"
            "Runs PROGRAM on each backend, and compares its time and memory. In each round\n"
            "every backend has one run, in a new random order, so other load on the machine\n"
            "affects them alike. PROGRAM must use zmalloc and end by itself. It has an empty\n"
            "stdin and no terminal, and what it prints is shown only if it fails.\n"
            "\n"
            "  -b, --backends LIST   backends separated by commas, each with layers if you\n"
            "                        like; the default is all that are available. The others\n"
            "                        are compared with the first. Modules are left out if\n"
            "                        PROGRAM has the static library\n"
            "  -n, --runs RUNS       runs on each backend, 1 to %d; the default is %d\n"
            "      --warmup N        rounds before that, which do not count, 0 to %d; the\n"
            "                        default is %d\n"
            "      --metric METRIC   what the verdict and the chart are about; the default is\n"
            "                        wall:\n"
            "                          wall    time from start to end\n"
            "                          cpu     processor time, user and system\n"
            "                          rss     the most physical memory it had\n"
            "                          faults  page faults\n"
            "                          peak    the most it had allocated, counted by zmalloc:\n"
            "                                  at most 1 MiB for each thread below the truth\n"
            "      --json FILE       everything that was measured, and the summary\n"
            "      --chart FILE      the metric as bars with error bars, .svg or .png, drawn\n"
            "                        by gnuplot\n"
            "  -h, --help            this\n"
            "\n"
            "A FILE that exists is replaced.\n"
            "\n"
            "The table has the median of each metric, the 95 %% interval of the median\n"
            "(percentile bootstrap, 4000 samples), and the ratio to the median of the first\n"
            "backend: below 1 is less, and less is better. If the intervals overlap, the\n"
            "verdict is that there is no difference. With fewer than 6 runs there is no\n"
            "verdict.\n"
            "\n"
            "If PROGRAM fails on a backend (a signal, or an exit status other than 0) or\n"
            "leaves no record of its memory, that backend has no more runs and no part in the\n"
            "result. The others go on; if all fail, compare ends. Ctrl-C ends PROGRAM and\n"
            "shows what was measured so far; --json still writes its FILE, which says so, but\n"
            "no chart is drawn. PROGRAM gets the environment as it is, except that\n"
            "ZMALLOC_BACKEND and ZMALLOC_STATS are set for it.\n"
            "\n"
            "examples:\n"
            "  zmalloc compare -- ./server --benchmark\n"
            "  zmalloc compare -b libc,jemalloc -n 30 --metric rss -- ./batch input.txt\n"
            "  zmalloc compare -b libc,debug+libc --chart cost.svg -- ./batch input.txt\n"
            "  zmalloc compare --json result.json -- sh -c './client | ./server'\n"
            "\n"
            "exit status:\n"
            "  0    everything was measured\n"
            "  1    PROGRAM failed on a backend or does not use zmalloc, or a file could not\n"
            "       be written\n"
            "  2    bad usage\n"
            "  126  PROGRAM cannot be executed\n"
            "  127  PROGRAM is not found\n"
            "  130  interrupted with Ctrl-C, or with SIGTERM or SIGHUP\n",
            RUNS_MOST, RUNS, WARMUP_MOST, WARMUP);
}

/* ---- What was asked for ---- */

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
        return bad_usage(&verb_compare, TYPED "%s: it is a number from %zu to %zu",
                         AS_TYPED(option), text, least, most);
    *number = value;
    return STATUS_FINE;
}

static int read_metric(struct typed option, enum metric *metric)
{
    const char *word = optarg;
    const char *words[METRICS + 1] = {NULL};
    const char *meant;

    *metric = find_metric(word);
    if (*metric != METRICS)
        return STATUS_FINE;
    for (int i = 0; i < METRICS; i++)
        words[i] = metric_kinds[i].word;
    meant = nearest(word, words);
    return bad_usage(&verb_compare, TYPED "%s: it is wall, cpu, rss, faults or peak%s%s%s",
                     AS_TYPED(option), word, meant != NULL ? "; did you mean '" : "",
                     meant != NULL ? meant : "", meant != NULL ? "'?" : "");
}

static int read_chart(struct typed option, struct compare_options *options)
{
    options->chart = optarg;
    options->chart_typed = option;
    if (is_chart_name(optarg))
        return STATUS_FINE;
    return bad_usage(&verb_compare, TYPED "%s: the name ends with .svg or .png", AS_TYPED(option),
                     optarg);
}

/* An option that has an argument. */
static int take(struct compare_options *options, int option, struct typed typed)
{
    switch (option) {
    case 'b':
        options->backends = optarg;
        options->backends_typed = typed;
        return STATUS_FINE;
    case 'n':
        return read_number(typed, 1, RUNS_MOST, &options->runs);
    case WARMUP_OPTION:
        return read_number(typed, 0, WARMUP_MOST, &options->warmup);
    case METRIC_OPTION:
        return read_metric(typed, &options->metric);
    case JSON_OPTION:
        options->json = optarg;
        options->json_typed = typed;
        return STATUS_FINE;
    default:
        return read_chart(typed, options);
    }
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
        if (option == 'h') {
            print_help(stdout);
            return STATUS_FINE;
        }
        if (option == '?' || option == ':')
            return bad_option(&verb_compare, argv, known, option);
        status = take(options, option, typed_option(argv));
    }
    return status != STATUS_FINE ? status : -1;
}

static int check_file(struct typed option, const char *path)
{
    if (path == NULL || check_output(path) == 0)
        return STATUS_FINE;
    return bad_usage(&verb_compare, TYPED "%s: %s", AS_TYPED(option), path, strerror(errno));
}

static int check_backends(struct typed option, const struct names *names)
{
    int status = STATUS_FINE;

    for (size_t i = 0; i < names->count && status == STATUS_FINE; i++) {
        char *trouble = trouble_with_backend(names->of[i]);

        if (trouble != NULL)
            status =
                bad_usage(&verb_compare, TYPED "%s: %s", AS_TYPED(option), names->of[i], trouble);
        free(trouble);
    }
    return status;
}

/* The names, once they are known to be right. */
static int choose_backends(const struct compare_options *options, struct names *names)
{
    if (options->backends == NULL) {
        *names = available_backends();
        return STATUS_FINE;
    }
    *names = listed_backends(options->backends);
    if (names->count == 0)
        return bad_usage(&verb_compare, TYPED "'%s': it names no backend",
                         AS_TYPED(options->backends_typed), options->backends);
    return check_backends(options->backends_typed, names);
}

static bool has_static_library(const char *program)
{
    char *path = path_find(program);
    struct elf_file file;
    bool found = path != NULL && program_use(path, &file) == USE_STATIC;

    free(path);
    return found;
}

/* The static library opens no modules. */
static int leave_out_modules(struct names *names, const char *program)
{
    struct names modules = {0};
    char *list;

    if (!has_static_library(program))
        return STATUS_FINE;
    modules = take_modules(names);
    if (modules.count == 0)
        return STATUS_FINE;
    list = list_names(&modules, ", ");
    free_names(&modules);
    complain(&verb_compare, "%s has the static library, which opens no modules; left out: %s",
             program, list);
    free(list);
    return names->count > 0 ? STATUS_FINE
                            : bad_usage(&verb_compare, "there is no backend to run %s on", program);
}

static int check_files(const struct compare_options *options)
{
    int status = check_file(options->json_typed, options->json);

    return status != STATUS_FINE ? status : check_file(options->chart_typed, options->chart);
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
        complain(&verb_compare,
                 "there is no gnuplot in PATH, so there will be no %s; the package is called "
                 "gnuplot, or gnuplot-nox",
                 options->chart);
    status = measure(&verb_compare, &comparison);
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
        status = choose_backends(&options, &names);
    if (status == STATUS_FINE)
        status = leave_out_modules(&names, argv[optind]);
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
