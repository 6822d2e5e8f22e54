/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_FINDING_H
#define TOOLS_FINDING_H

/*
 * How `zmalloc doctor` tells what it found: what is the case, what that means, what to do about it.
 * The three are called one after the other, in this order, for each finding.
 */

#include <stdio.h>

enum level {
    LEVEL_OK,
    LEVEL_NOTE,   /* worth knowing; whether it is right depends on the program */
    LEVEL_WARNING /* it will not do what somebody wanted */
};

struct findings {
    FILE *to;
    unsigned counts[LEVEL_WARNING + 1];
};

#define SENTENCE __attribute__((format(printf, 2, 3)))

/* Heads what follows. */
void findings_group(struct findings *findings, const char *format, ...) SENTENCE;

void finding(struct findings *findings, enum level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void meaning(struct findings *findings, const char *format, ...) SENTENCE;
void advice(struct findings *findings, const char *format, ...) SENTENCE;

/* For advice where all is well. */
#define NOTHING_TO_DO "nothing"

/* How many there were. */
void findings_summary(const struct findings *findings);

#endif
