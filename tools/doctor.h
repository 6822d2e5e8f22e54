/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_DOCTOR_H
#define TOOLS_DOCTOR_H

/* The groups of findings of `zmalloc doctor`, one file each. */

#include <stdbool.h>

#include "backends.h"
#include "finding.h"
#include "system_facts.h"

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
