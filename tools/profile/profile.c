/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc profile: shows heap profiles, and makes one of a program. */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "output.h"
#include "profile/options.h"
#include "profile/profiled.h"
#include "profile/traces.h"
#include "text.h"
#include "verb.h"

/* ---- Reading ---- */

/* A line that is overwritten, once reading takes longer than a second. */
static void show_progress(size_t done, size_t of)
{
    static struct timespec began;
    static bool is_shown;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (began.tv_sec == 0)
        began = now;
    if (!isatty(STDERR_FILENO) || now.tv_sec - began.tv_sec < 1)
        return;
    is_shown = true;
    fprintf(stderr, "\rlooking up call stacks: %zu of %zu", done, of);
    if (done == of && is_shown)
        fputs("\r\033[K", stderr);
}

/* STATUS_FINE, or what to end with, after a message. */
static int add_file(struct traces *traces, const char *path, int64_t times)
{
    struct heap_profile profile;
    char *wrong = heap_read(path, &profile);

    if (wrong != NULL) {
        complain(&verb_profile, "%s: %s", path, wrong);
        free(wrong);
        return STATUS_FAILURE;
    }
    traces_add(traces, &profile, times, show_progress);
    heap_free(&profile);
    return STATUS_FINE;
}

/* ---- Showing ---- */

static char *title_of(const struct profile_options *options, const struct traces *traces,
                      const char *of)
{
    struct heap_figures sum = traces_sum(traces);
    int64_t bytes = bytes_of(&sum, options->is_total);

    return text_format("%s: %.2f MiB %s in %" PRId64 " blocks", of, (double)bytes / 1048576,
                       options->is_total ? "allocated in all" : "live",
                       blocks_of(&sum, options->is_total));
}

static int could_not_write(const char *path)
{
    complain(&verb_profile, "%s: %s", path, strerror(errno));
    return STATUS_FAILURE;
}

/* With a function of traces.h. */
static int write_file(const char *path, const struct traces *traces, bool is_total,
                      const char *title)
{
    struct output output;
    int result;

    if (open_output(&output, path) != 0)
        return could_not_write(path);
    result = title != NULL ? write_flame(output.file, traces, is_total, title)
                           : write_folded(output.file, traces, is_total);
    if (result == 0 && keep_output(&output) == 0)
        return STATUS_FINE;
    result = could_not_write(path);
    drop_output(&output);
    return result;
}

static int show(const struct profile_options *options, struct traces *traces, const char *of)
{
    int status = STATUS_FINE;
    char *title;

    traces_merge(traces);
    title = title_of(options, traces, of);
    printf("%s, estimated from samples\n\n", title);
    print_holders(stdout, traces, options->is_total, options->rows);
    if (options->flame != NULL)
        status = write_file(options->flame, traces, options->is_total, title);
    if (options->folded != NULL && status == STATUS_FINE)
        status = write_file(options->folded, traces, options->is_total, NULL);
    if (options->pprof != NULL && status == STATUS_FINE && write_pprof(options->pprof, traces) != 0)
        status = could_not_write(options->pprof);
    free(title);
    return status;
}

/* ---- What was asked for ---- */

static int show_files(const struct profile_options *options, char **files)
{
    struct traces traces = {0};
    bool is_difference = files[1] != NULL;
    int status = add_file(&traces, files[0], is_difference ? -1 : 1);
    char *of = is_difference ? text_format("%s since %s", files[1], files[0])
                             : text_format("%s", files[0]);

    if (status == STATUS_FINE && is_difference)
        status = add_file(&traces, files[1], 1);
    if (status == STATUS_FINE)
        status = show(options, &traces, of);
    traces_free(&traces);
    free(of);
    return status;
}

static int profile_program(const struct profile_options *options, char **program)
{
    struct profiled profiled;
    struct traces traces = {0};
    int status = run_profiled(options, program, &profiled);

    if (status != STATUS_FINE)
        return status;
    status = add_file(&traces, profiled.path, 1);
    if (status == STATUS_FINE)
        status = show(options, &traces, profiled.what);
    traces_free(&traces);
    status = status == STATUS_FINE ? profiled.status : status;
    forget_profiled(&profiled);
    return status;
}

static int run(int argc, char **argv)
{
    struct profile_options options;
    int status = read_profile_options(&verb_profile, argc, argv, &options);

    if (status != STATUS_FINE || options.is_help)
        return status;
    return options.is_program ? profile_program(&options, options.arguments)
                              : show_files(&options, options.arguments);
}

const struct verb verb_profile = {
    .name = "profile",
    .summary = "show who holds the memory of a program, by function",
    .print_help = print_profile_help,
    .run = run,
};
