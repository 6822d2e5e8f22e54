/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_RUNNER_H
#define TOOLS_RUNNER_H

#include <limits.h>
#include <stdbool.h>

#include "metric.h"
#include "record.h"

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
