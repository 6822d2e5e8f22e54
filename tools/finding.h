/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_FINDING_H
#define TOOLS_FINDING_H

/*
 * What `zmalloc doctor` found: what is the case, what that means, what to do about it. The three are
 * called one after the other, in this order, for each finding. They are kept, and printed in the end.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum level {
    LEVEL_OK,
    LEVEL_NOTE,   /* worth knowing; whether it is right depends on the program */
    LEVEL_WARNING /* it will not do what somebody wanted */
};

#define LEVELS (LEVEL_WARNING + 1)
#define GROUPS_MAX 8

/* All zero at first. */
struct findings {
    struct finding *of;
    size_t count;
    unsigned counts[LEVELS];
    struct {
        const char *key;
        char *title;
    } groups[GROUPS_MAX];
    size_t group_count;
};

#define SENTENCE(at) __attribute__((format(printf, at, (at) + 1)))

/* Begins a group: its name for programs, which is static, and its title for people. */
void findings_group(struct findings *findings, const char *key, const char *format, ...)
    SENTENCE(3);

void finding(struct findings *findings, enum level level, const char *format, ...) SENTENCE(3);
void meaning(struct findings *findings, const char *format, ...) SENTENCE(2);
void advice(struct findings *findings, const char *format, ...) SENTENCE(2);

/* For advice where all is well. */
#define NOTHING_TO_DO "nothing"

/* The finding before answers what was asked: it is printed, in a line, even where all is well. */
void is_the_answer(struct findings *findings);

/*
 * Warnings first, then notes, then what answers a question; with all, everything in the order in
 * which it was found. The last line says how many there are.
 */
void findings_print(const struct findings *findings, bool all, FILE *to);

/* All of them, as an array of objects: group, level, finding, means, to_do. */
json_t *findings_json(const struct findings *findings);

void findings_free(struct findings *findings);

#endif
