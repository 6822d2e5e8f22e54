/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_RUNNER_H
#define TOOLS_RUNNER_H

#include <limits.h>
#include <stdbool.h>

#include "compare/comparison.h"

/* ---- Signals ---- */

/*
 * From here on Ctrl-C (SIGINT), SIGTERM, SIGHUP and the end of a child wait to be asked for:
 * nothing is interrupted, so everything can be put in order. What was ignored when the command was
 * started stays so.
 */
void watch_signals(void);

/* For a child, before it executes its program: all as it was before. */
void unwatch_signals(void);

/* The next of them, which it waits for; 0 after so many seconds without, -1 being no limit. */
int next_signal(int seconds);

/* Whether it asks the command to end. */
bool is_to_stop(int signal);

/* Whether one that asks to end has come, without waiting. It is no more there afterwards. */
bool stop_was_asked(void);

/* ---- One run ---- */

/* Where runs put what they print and their record: a folder of its own. */
struct runner {
    char folder[PATH_MAX];
    char output_path[PATH_MAX];
    char record_path[PATH_MAX];
    int output;  /* stdout and stderr of the program */
    int nothing; /* its stdin */
};

/* One run of the program. */
struct run {
    int error;        /* why the program could not be executed, an errno; else 0 */
    bool interrupted; /* the user wants an end: the program was ended */
    int status;       /* as wait() gives it */
    bool recorded;
    struct record record; /* where it left one */
    struct sample sample;
};

/* Makes the folder. 0, or -1 with errno. */
int open_runner(struct runner *runner);

/* Takes away all that it has made. */
void close_runner(struct runner *runner);

/*
 * Runs the program once, with that backend and without a terminal, signals being watched. `waiting`
 * is called each second if it is not NULL.
 */
struct run run_once(const struct runner *runner, char **program, const char *backend,
                    void (*waiting)(void));

/* The last lines that the program has printed in the last run. The caller's. */
char *last_printed(const struct runner *runner);

#endif
