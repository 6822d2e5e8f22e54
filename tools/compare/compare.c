/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc compare: one program on several backends. */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compare/chart.h"
#include "compare/measure.h"
#include "compare/options.h"
#include "compare/report.h"
#include "output.h"

/* ---- Files ---- */

static const char *draw(const struct comparison *comparison, FILE *to, const char *path)
{
    return needs_gnuplot(path) ? draw_by_gnuplot(comparison, to) : draw_svg(comparison, to);
}

static const char *write_into(const struct comparison *comparison, int file, const char *path,
                              FILE *to)
{
    switch (file) {
    case FILE_JSON:
        return write_json(comparison, to);
    case FILE_CSV:
        return write_csv(comparison, to);
    case FILE_MARKDOWN:
        return write_markdown(comparison, to);
    default:
        return draw(comparison, to, path);
    }
}

/* NULL, or why it was not written. */
static const char *write_file(const struct comparison *comparison, int file, const char *path)
{
    struct output output;
    const char *why_not;

    if (open_output(&output, path) != 0)
        return strerror(errno);
    why_not = write_into(comparison, file, path, output.file);
    if (why_not == NULL)
        return keep_output(&output) == 0 ? NULL : strerror(errno);
    drop_output(&output);
    return why_not;
}

/* That there is no gnuplot was said before the first run. */
static bool can_be_drawn(const char *path)
{
    return !needs_gnuplot(path) || has_gnuplot();
}

static int write_one(const struct comparison *comparison, int file, const char *path)
{
    const char *why_not;

    if (path == NULL)
        return STATUS_FINE;
    if (file == FILE_CHART && (comparison->interrupted || first_of(comparison) == NULL))
        return STATUS_FINE;
    if (file == FILE_CHART && !can_be_drawn(path))
        return STATUS_FAILURE;
    why_not = write_file(comparison, file, path);
    if (why_not == NULL)
        return STATUS_FINE;
    complain(&verb_compare, "%s: not written: %s", path, why_not);
    return STATUS_FAILURE;
}

static int write_files(const struct compare_options *options, const struct comparison *comparison)
{
    int status = STATUS_FINE;

    for (int file = 0; file < FILES; file++)
        if (write_one(comparison, file, options->files[file].path) != STATUS_FINE)
            status = STATUS_FAILURE;
    return status;
}

/* stdout may be one of the files. */
static FILE *place_of_report(const struct compare_options *options)
{
    for (int file = 0; file < FILES; file++)
        if (options->files[file].path != NULL && strcmp(options->files[file].path, "-") == 0)
            return stderr;
    return stdout;
}

/* ---- The comparison ---- */

/* The variants become its own. */
static struct comparison prepare(const struct compare_options *options, struct variants *variants,
                                 const struct figure *figure, char **program)
{
    struct comparison comparison = {
        .program = program,
        .runs = options->runs,
        .warmup = options->warmup,
        .prepare = options->prepare,
        .timeout = options->timeout,
        .figure = figure,
        .printed = metric_kinds[METRIC_PRINTED],
        .metric = options->metric,
        .subjects = allocate(variants->count, sizeof *comparison.subjects),
        .count = variants->count,
    };

    if (options->name != NULL)
        comparison.printed.title = options->name;
    comparison.printed.more_is_better =
        options->better != NULL && strcmp(options->better, "higher") == 0;
    for (size_t i = 0; i < variants->count; i++) {
        comparison.subjects[i].variant = variants->of[i];
        comparison.subjects[i].samples = allocate_samples(&comparison);
    }
    variants->count = 0;
    return comparison;
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
    int status;

    summarize_all(comparison);
    print_failures(comparison, stderr);
    status = write_files(options, comparison);
    print_report(comparison, place_of_report(options));
    if (comparison->interrupted)
        return STATUS_INTERRUPTED;
    return status != STATUS_FINE ? status : status_of(comparison);
}

static int compare(const struct compare_options *options, struct variants *variants,
                   const struct figure *figure, char **program)
{
    struct comparison comparison = prepare(options, variants, figure, program);
    const char *chart = options->files[FILE_CHART].path;
    int status;

    if (chart != NULL && !can_be_drawn(chart))
        complain(&verb_compare,
                 "there is no gnuplot in PATH, so there will be no %s; the package is called "
                 "gnuplot, or gnuplot-nox, and an .svg does not need it",
                 chart);
    status = measure(&verb_compare, &comparison);
    if (status == STATUS_FINE)
        status = conclude(options, &comparison);
    free_subjects(&comparison);
    return status;
}

static int compare_all(const struct compare_options *options, const struct figure *figure,
                       char **program)
{
    struct variants variants = {0};
    int status = choose_variants(options, *program, &variants);

    if (status == STATUS_FINE)
        status = compare(options, &variants, figure, program);
    free_variants(&variants);
    return status;
}

/* With the figure that is looked for, if one is. */
static int compare_with_figure(const struct compare_options *options, char **program)
{
    struct figure figure;
    char *trouble;
    int status;

    if (options->regex == NULL)
        return compare_all(options, NULL, program);
    trouble = compile_figure(options->regex, &figure);
    if (trouble == NULL) {
        status = compare_all(options, &figure, program);
        free_figure(&figure);
        return status;
    }
    status = bad_usage(&verb_compare, TYPED "'%s': %s", AS_TYPED(options->regex_typed),
                       options->regex, trouble);
    free(trouble);
    return status;
}

static int run(int argc, char **argv)
{
    struct compare_options options;
    int status = read_compare_options(argc, argv, &options);

    if (status < 0)
        status = compare_with_figure(&options, argv + optind);
    free_compare_options(&options);
    return status;
}

const struct verb verb_compare = {
    .name = COMPARE_NAME,
    .summary = "run a program on several backends, and compare time and memory",
    .print_help = print_compare_help,
    .run = run,
};
