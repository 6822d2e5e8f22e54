/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_PROBING_H
#define TOOLS_PROBING_H

/*
 * What a backend does is only known once it was chosen, and a process chooses once: so the command
 * starts itself, as `zmalloc probe`, for each choice that it wants to know of.
 */

#include <jansson.h>

struct probe {
    json_t *facts;   /* what `zmalloc probe` printed; NULL where nothing could be chosen */
    char *trouble;   /* and then why, in one line; else NULL */
    char *complaint; /* what was written to stderr, lines and all */
};

/* The backend alone, whatever the environment says. */
struct probe probe_backend(const char *name);

/* What a program gets where neither the environment nor it itself says anything. */
struct probe probe_default(void);

/* What the environment chooses, layers included. */
struct probe probe_environment(void);

/* The same with a variable, "NAME=VALUE", or with this element in place of ZMALLOC_BACKEND. */
struct probe probe_with(char *variable);
struct probe probe_element(const char *element);

void probe_free(struct probe *probe);

/* A text or number of a group of the facts: NULL and -1 where there is none. */
const char *probe_text(const json_t *facts, const char *group, const char *key);
long long probe_number(const json_t *facts, const char *group, const char *key);

#endif
