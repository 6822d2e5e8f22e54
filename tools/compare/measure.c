/* SPDX-License-Identifier: BSD-3-Clause */

/* Makes the runs of a comparison, and shows how far it is. */

#include "compare/measure.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "compare/runner.h"
#include "compare/statistics.h"
#include "text.h"
#include "verb.h"

/* ---- How far it is, and how long it may still take ---- */

#define LINE_SIZE 256
#define CLEAR_LINE "\r\033[K"

static struct {
    bool is_shown;
    size_t done;
    size_t total;
    const char *backend;
    time_t began;
    time_t run_began;
} progress;

static time_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

static void begin_progress(void)
{
    progress.is_shown = is_terminal(stderr);
    progress.began = now();
}

/* What the runs so far took on average, for the rest; the one that is under way is a part of it. */
static long seconds_left(void)
{
    long average_of_all = (long)(progress.run_began - progress.began) *
                          (long)(progress.total - progress.done) / (long)progress.done;
    long left = average_of_all - (long)(now() - progress.run_began);

    return left > 0 ? left : 0;
}

static void describe_left(char *text, size_t size)
{
    long left;

    *text = '\0';
    if (progress.done == 0)
        return;
    left = seconds_left();
    if (left >= 3600)
        snprintf(text, size, ", %ld h %ld min left", left / 3600, left / 60 % 60);
    else if (left >= 60)
        snprintf(text, size, ", %ld min %ld s left", left / 60, left % 60);
    else
        snprintf(text, size, ", %ld s left", left);
}

static void draw(void)
{
    char left[64];
    char line[LINE_SIZE];
    size_t columns = terminal_columns(stderr);

    describe_left(left, sizeof left);
    snprintf(line, sizeof line, "run %zu of %zu, %s%s", progress.done + 1, progress.total,
             progress.backend, left);
    /* A line that is broken cannot be taken away any more. */
    if (columns <= strlen(line))
        line[columns - 1] = '\0';
    fprintf(stderr, CLEAR_LINE "%s", line);
    fflush(stderr);
}

static void show_progress(size_t done, size_t total, const char *backend)
{
    progress.done = done;
    progress.total = total;
    progress.backend = backend;
    progress.run_began = now();
    if (progress.is_shown)
        draw();
}

static void (*progress_ticker(void))(void)
{
    return progress.is_shown ? draw : NULL;
}

static void end_progress(void)
{
    if (progress.is_shown)
        fputs(CLEAR_LINE, stderr);
    progress.is_shown = false;
}

/* ---- The runs of a comparison: rounds in which every backend has its turn ---- */

#define WHY_SIZE 256

struct measurement {
    struct comparison *comparison;
    struct runner runner;
    struct random random;
    size_t *order; /* of the subjects, in a round */
    size_t done;   /* runs */
    size_t total;  /* runs, should none fail from now on */
    int error;     /* why the program could not be executed, an errno */
};

/* ---- What was wrong with a run ---- */

/* "debug+libc" is what a variable of a layer makes of libc. */
static bool is_backend(const char *found, const char *wanted)
{
    size_t layers = strlen(found) > strlen(wanted) ? strlen(found) - strlen(wanted) : 0;

    return strcmp(found + layers, wanted) == 0 && (layers == 0 || found[layers - 1] == '+');
}

/* False where nothing was. */
static bool describe_failure(const struct run *run, const char *backend, char why[WHY_SIZE])
{
    if (WIFSIGNALED(run->status))
        snprintf(why, WHY_SIZE, "it was ended by signal %d (%s)", WTERMSIG(run->status),
                 strsignal(WTERMSIG(run->status)));
    else if (WEXITSTATUS(run->status) != 0)
        snprintf(why, WHY_SIZE, "it ended with status %d", WEXITSTATUS(run->status));
    else if (!run->recorded)
        snprintf(why, WHY_SIZE,
                 "it left no record of its memory: it does not use zmalloc, or does not end by "
                 "exit()");
    else if (!is_backend(run->record.backend, backend))
        snprintf(why, WHY_SIZE, "it ran on %.64s instead", run->record.backend);
    else
        return false;
    return true;
}

/* ---- A run ---- */

static void keep_sample(struct subject *subject, struct run *run)
{
    subject->samples[subject->runs++] = run->sample;
    if (subject->version == NULL)
        subject->version = copy_text(run->record.version, (size_t)-1);
}

static void judge(struct measurement *measurement, struct subject *subject, struct run *run,
                  bool counts)
{
    char why[WHY_SIZE];

    if (describe_failure(run, subject->backend, why)) {
        subject->failure = copy_text(why, sizeof why);
        subject->printed = last_printed(&measurement->runner);
    } else if (counts) {
        keep_sample(subject, run);
    }
}

/* Whether to go on. */
static bool run_on(struct measurement *measurement, struct subject *subject, bool counts)
{
    struct comparison *comparison = measurement->comparison;
    struct run run;

    if (stop_was_asked()) {
        comparison->interrupted = true;
        return false;
    }
    show_progress(measurement->done++, measurement->total, subject->backend);
    run = run_once(&measurement->runner, comparison->program, subject->backend, progress_ticker());
    comparison->interrupted = run.interrupted;
    measurement->error = run.error;
    if (run.error == 0 && !run.interrupted)
        judge(measurement, subject, &run, counts);
    if (run.recorded)
        free_record(&run.record);
    return run.error == 0 && !run.interrupted;
}

/* ---- Rounds ---- */

static void shuffle(size_t *order, size_t count, struct random *random)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = random_below(random, i);
        size_t kept = order[i - 1];

        order[i - 1] = order[other];
        order[other] = kept;
    }
}

static size_t still_running(const struct comparison *comparison)
{
    size_t count = 0;

    for (size_t i = 0; i < comparison->count; i++)
        count += comparison->subjects[i].failure == NULL;
    return count;
}

static bool run_round(struct measurement *measurement, bool counts)
{
    struct comparison *comparison = measurement->comparison;

    shuffle(measurement->order, comparison->count, &measurement->random);
    for (size_t i = 0; i < comparison->count; i++) {
        struct subject *subject = &comparison->subjects[measurement->order[i]];

        if (subject->failure == NULL && !run_on(measurement, subject, counts))
            return false;
    }
    return still_running(comparison) > 0;
}

static void run_all(struct measurement *measurement)
{
    const struct comparison *comparison = measurement->comparison;
    size_t rounds = comparison->warmup + comparison->runs;

    begin_progress();
    for (size_t round = 0; round < rounds; round++) {
        measurement->total = measurement->done + (rounds - round) * still_running(comparison);
        if (!run_round(measurement, round >= comparison->warmup))
            break;
    }
    end_progress();
}

int measure(const struct verb *verb, struct comparison *comparison)
{
    struct measurement measurement = {
        .comparison = comparison,
        .random = random_unforeseen(),
        .order = allocate(comparison->count, sizeof *measurement.order),
    };
    int status = STATUS_FINE;

    for (size_t i = 0; i < comparison->count; i++)
        measurement.order[i] = i;
    watch_signals();
    if (open_runner(&measurement.runner) == 0) {
        run_all(&measurement);
        close_runner(&measurement.runner);
        if (measurement.error != 0)
            status = cannot_execute(verb, *comparison->program, measurement.error);
    } else {
        complain(verb, "no folder for temporary files: %s", strerror(errno));
        status = STATUS_FAILURE;
    }
    free(measurement.order);
    return status;
}
