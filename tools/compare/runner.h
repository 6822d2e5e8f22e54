/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_RUNNER_H
#define TOOLS_RUNNER_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "compare/comparison.h"

/* Where runs put what they print and their record: a folder of its own. */
struct runner {
    char folder[PATH_MAX];
    char output_path[PATH_MAX];
    char stdout_path[PATH_MAX];
    char record_path[PATH_MAX];
    int output;     /* stderr of the program, and stdout unless that has a file of its own */
    int own_stdout; /* -1 if not */
    int nothing;    /* its stdin */
};

/* One run of the program. */
struct run {
    int error;        /* why the program could not be executed, an errno; else 0 */
    pid_t pid;        /* that it had */
    bool interrupted; /* the user wants an end: the program was ended */
    bool timed_out;   /* it took too long, and was ended */
    int status;       /* as wait() gives it */
    bool recorded;
    struct record record; /* where it left one */
    struct sample sample;
};

/* Makes the folder. 0, or -1 with errno. */
int open_runner(struct runner *runner, bool has_own_stdout);

/* Takes away all that it has made. */
void close_runner(struct runner *runner);

/*
 * Runs the program once, as the variant says, without a terminal and for at most so many seconds
 * (INFINITY: as many as it likes), signals being watched. `waiting` is called each second if it is not
 * NULL.
 */
struct run run_once(const struct runner *runner, char **program, const struct variant *variant,
                    double limit, void (*waiting)(void));

/* The same for a command of sh, in the environment as it is. What it leaves in the background stays. */
struct run run_command(const struct runner *runner, const char *command, void (*waiting)(void));

/* The last lines that the program has printed in the last run. The caller's. */
char *last_printed(const struct runner *runner);

#endif
