/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_DOCTOR_H
#define TOOLS_DOCTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "backends.h"
#include "doctor/system.h"

/* ---- Findings ---- */

/*
 * What `zmalloc doctor` found: what is the case, what that means, what to do about it. The three are
 * called one after the other, in this order, for each finding. They are kept, and printed in the end.
 */

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

/* ---- The checks ---- */

/* The groups of findings of `zmalloc doctor`, one file each. */

/* Which backend serves, and why not another. */
void examine_choice(struct findings *findings, const struct backends *backends);

/* Whose malloc() the process has, beside the backend. */
void examine_malloc(struct findings *findings, const struct backends *backends);

/* Memory as the system gives it out. */
void examine_system(struct findings *findings, const struct system_facts *facts);

/* The variables that allocators and the library read. */
void examine_variables(struct findings *findings, const struct backends *backends);

/* A program's file: path is where it is. */
void examine_program(struct findings *findings, const struct backends *backends, const char *path);

/* ---- Variables ---- */

/* What a variable is read in. */
struct surroundings {
    const char *chosen;         /* the backend that serves; "" where none does */
    const char *foreign_malloc; /* whose malloc it is where not the C library's, else "" */
    const char *complaint;      /* what a program that starts now writes to stderr */
    const char *tunables;       /* of the C library, as loader_tunables() has them; NULL: unknown */
};

struct variable {
    char *name;
    const char *value;
};

/* One that jemalloc, tcmalloc or mimalloc reads. */
void examine_allocators(struct findings *findings, const struct surroundings *around,
                        const struct variable *variable, const char *allocator);

/* One that is the C library's by its name: MALLOC_*, and GLIBC_TUNABLES. */
void examine_glibc(struct findings *findings, const struct surroundings *around,
                   const struct variable *variable);
void examine_tunables(struct findings *findings, const struct surroundings *around,
                      const struct variable *variable);

/* ---- What several groups ask ---- */

/* The name of what the environment chooses, without layers; NULL where nothing can start. */
const char *chosen_name(const struct backends *backends);

/* Whether that is over the malloc() of the process. */
bool is_over_malloc(const struct surroundings *around);

/* The file whose malloc() the process has, where it is not the C library's; else NULL. */
const char *foreign_malloc(const struct backends *backends);

#endif
