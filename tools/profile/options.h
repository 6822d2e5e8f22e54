/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_PROFILE_OPTIONS_H
#define TOOLS_PROFILE_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "preloading.h"
#include "verb.h"

/* What zmalloc profile was asked for. */
struct profile_options {
    const struct verb *verb; /* for messages */
    bool is_help;
    bool is_total; /* what was ever allocated, and not what is live */
    bool is_program;
    char **arguments; /* the program's, or one or two files */
    size_t rows;
    const char *interval; /* as ZMALLOC_SAMPLE takes it */
    const char *backend;  /* NULL: as the environment says */
    const char *pprof;    /* NULL: none; the same */
    const char *flame;
    const char *folded;
    enum preload_wish preload;
};

/* STATUS_FINE, or what to end with, after a message. */
int read_profile_options(const struct verb *verb, int argc, char **argv,
                         struct profile_options *options);
void print_profile_help(FILE *to);

#endif
