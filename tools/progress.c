/* SPDX-License-Identifier: BSD-3-Clause */

/* How far it is, and how long it may still take. */

#include "progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "terminal.h"

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

void begin_progress(void)
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

void show_progress(size_t done, size_t total, const char *backend)
{
    progress.done = done;
    progress.total = total;
    progress.backend = backend;
    progress.run_began = now();
    if (progress.is_shown)
        draw();
}

void (*progress_ticker(void))(void)
{
    return progress.is_shown ? draw : NULL;
}

void end_progress(void)
{
    if (progress.is_shown)
        fputs(CLEAR_LINE, stderr);
    progress.is_shown = false;
}
