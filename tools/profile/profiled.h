/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_PROFILED_H
#define TOOLS_PROFILED_H

#include <limits.h>

#include "profile/options.h"

/* A program that was run to be profiled. */
struct profiled {
    char folder[PATH_MAX]; /* with the profiles of all its processes */
    char path[PATH_MAX];   /* that which is shown */
    char *what;            /* whose it is, for a title */
    int status;            /* what the command ends with for it */
};

/* Runs it to its end. STATUS_FINE, or what to end with, after a message. */
int run_profiled(const struct profile_options *options, char **program, struct profiled *profiled);
void forget_profiled(struct profiled *profiled);

#endif
