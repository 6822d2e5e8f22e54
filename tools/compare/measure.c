/* SPDX-License-Identifier: BSD-3-Clause */

/* Makes the runs of a comparison, and shows how far it is. */

#include "compare/measure.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "compare/runner.h"
#include "compare/signals.h"
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
    const char *variant;
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
             progress.variant, left);
    /* A line that is broken cannot be taken away any more. */
    if (columns <= strlen(line))
        line[columns - 1] = '\0';
    fprintf(stderr, CLEAR_LINE "%s", line);
    fflush(stderr);
}

static void show_progress(size_t done, size_t total, const char *variant)
{
    progress.done = done;
    progress.total = total;
    progress.variant = variant;
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

/* ---- The runs of a comparison: rounds in which every variant has its turn ---- */

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

/* How it ended, unless that was well; the caller's. */
static char *describe_end(const struct run *run)
{
    int signal = WTERMSIG(run->status);

    if (WIFSIGNALED(run->status))
        return text_format("it was ended by signal %d (%s)", signal, strsignal(signal));
    if (WEXITSTATUS(run->status) != 0)
        return text_format("it ended with status %d", WEXITSTATUS(run->status));
    return NULL;
}

/* Of a program that zmalloc was preloaded into a record is welcome, not demanded: a shell ends by
 * _exit(). */
static char *describe_record(const struct run *run, const struct variant *variant)
{
    const char *backend = variant->backend;

    if (backend == NULL || (variant->preloaded != NULL && !run->recorded))
        return NULL;
    if (!run->recorded)
        return text_format("it left no record of its memory: it does not use zmalloc, or does not "
                           "end by exit()");
    if (!is_backend(run->record.backend, backend))
        return text_format("it ran on %.64s instead", run->record.backend);
    return NULL;
}

/* Takes the figure, if one is looked for. */
static char *take_figure(const struct measurement *measurement, struct run *run)
{
    const struct figure *figure = measurement->comparison->figure;

    if (figure == NULL)
        return NULL;
    return read_figure(figure, measurement->runner.stdout_path, &run->sample.of[METRIC_PRINTED]);
}

/* NULL where nothing was; the caller's. */
static char *describe_failure(const struct measurement *measurement, const struct variant *variant,
                              struct run *run)
{
    char *why;

    if (run->timed_out)
        return text_format("it took longer than %g s, and was ended",
                           measurement->comparison->timeout);
    why = describe_end(run);
    if (why == NULL)
        why = describe_record(run, variant);
    return why != NULL ? why : take_figure(measurement, run);
}

/* ---- A run ---- */

static void keep_sample(struct subject *subject, struct run *run)
{
    subject->samples[subject->runs++] = run->sample;
    if (subject->version == NULL && run->recorded)
        subject->version = copy_text(run->record.version, (size_t)-1);
}

static void keep_failure(const struct measurement *measurement, struct subject *subject, char *why,
                         const char *outcome)
{
    subject->failure = why;
    subject->outcome = outcome;
    subject->printed = last_printed(&measurement->runner);
}

static void judge(const struct measurement *measurement, struct subject *subject, struct run *run,
                  bool counts)
{
    char *why = describe_failure(measurement, &subject->variant, run);

    if (why != NULL)
        keep_failure(measurement, subject, why, run->timed_out ? "timed out" : "failed");
    else if (counts)
        keep_sample(subject, run);
}

/* Whether to go on; what a run tells of that. */
static bool goes_on(struct measurement *measurement, const struct run *run)
{
    measurement->comparison->interrupted = run->interrupted;
    measurement->error = run->error;
    return run->error == 0 && !run->interrupted;
}

/* Whether to go on. If the command fails, there is a failure. */
static bool prepare(struct measurement *measurement, struct subject *subject)
{
    const char *command = measurement->comparison->prepare;
    struct run run;
    char *end;

    if (command == NULL)
        return true;
    run = run_command(&measurement->runner, command, progress_ticker());
    if (!goes_on(measurement, &run))
        return false;
    end = describe_end(&run);
    if (end != NULL)
        keep_failure(measurement, subject, text_format("--prepare '%s': %s", command, end),
                     "not prepared");
    free(end);
    return true;
}

/* Whether to go on. */
static bool run_on(struct measurement *measurement, struct subject *subject, bool counts)
{
    struct comparison *comparison = measurement->comparison;
    struct run run;
    bool more;

    if (stop_was_asked()) {
        comparison->interrupted = true;
        return false;
    }
    show_progress(measurement->done++, measurement->total, subject->variant.name);
    if (!prepare(measurement, subject))
        return false;
    if (subject->failure != NULL)
        return true;
    run = run_once(&measurement->runner, comparison->program, &subject->variant,
                   comparison->timeout, progress_ticker());
    more = goes_on(measurement, &run);
    if (more)
        judge(measurement, subject, &run, counts);
    if (run.recorded)
        free_record(&run.record);
    return more;
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
    if (open_runner(&measurement.runner, comparison->figure != NULL) == 0) {
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
