/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_RECORD_H
#define TOOLS_RECORD_H

#include <stdbool.h>
#include <sys/types.h>

/* What a program that uses zmalloc has left behind with ZMALLOC_STATS=json:FILE. */
struct record {
    double peak_bytes;
    char *backend; /* with its layers; both are the caller's */
    char *version;
};

/*
 * Reads the record of the process pid, or else, where a program has made others that did the work,
 * the one with the largest peak. False where there is none.
 */
bool read_record(const char *path, pid_t pid, struct record *record);

void free_record(struct record *record);

#endif
