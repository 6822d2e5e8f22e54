/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_OUTPUT_H
#define TOOLS_OUTPUT_H

#include <limits.h>
#include <stdio.h>

/*
 * A file that is written aside and then renamed: whoever looks finds the old one or all of the new.
 * What is no file, a device or a pipe, is written as it is; so is "-", stdout.
 */
struct output {
    FILE *file;
    char target[PATH_MAX];
    char aside[PATH_MAX]; /* "" where nothing is written aside */
};

/* Whether it can be written at all, before there is anything to write: 0, or -1 with errno. */
int check_output(const char *path);

/* 0, or -1 with errno. */
int open_output(struct output *output, const char *path);

/* Puts it in its place. 0, or -1 with errno and nothing changed. */
int keep_output(struct output *output);

/* Takes it away, the place is as it was. */
void drop_output(struct output *output);

#endif
