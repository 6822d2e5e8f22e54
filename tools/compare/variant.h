/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_VARIANT_H
#define TOOLS_VARIANT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What is compared: a way to run the program. All of it is in memory of the command's own, which
 * free_variant() gives back.
 */
struct variant {
    char *name;       /* for tables */
    char *backend;    /* for ZMALLOC_BACKEND, with its layers; NULL: the program is as it is, and
                         keeps no record of its memory */
    char **variables; /* "NAME=VALUE", which are set for its runs; the last is NULL */
    char *preloaded;  /* for LD_PRELOAD, if zmalloc has to become the program's malloc; else NULL */
};

/* The variant that is a backend alone, and has its name. */
struct variant plain_variant(const char *backend);

/* The program as it is, without zmalloc. */
struct variant variant_without(void);

/*
 * Reads "[NAME: ]BACKEND[ VARIABLE=VALUE]...". Without a NAME it is called what the text says.
 * Returns NULL; or else why it is no variant, for the caller to free. Whether there is such a
 * backend is not looked at.
 */
char *read_variant(const char *text, struct variant *variant);

/* Whether it is more than a backend: it has variables, or a name of its own. */
bool is_special(const struct variant *variant);

void free_variant(struct variant *variant);

#endif
