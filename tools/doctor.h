/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_DOCTOR_H
#define TOOLS_DOCTOR_H

/* The groups of findings of `zmalloc doctor`, one file each. */

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

/* ---- What several groups ask ---- */

/* The name of what the environment chooses, without layers; NULL where nothing can start. */
const char *chosen_name(const struct backends *backends);

/* The file whose malloc() the process has, where it is not the C library's; else NULL. */
const char *foreign_malloc(const struct backends *backends);

#endif
