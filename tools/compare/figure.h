/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_FIGURE_H
#define TOOLS_FIGURE_H

#include <regex.h>

/* A figure that the program itself prints, and how it is found. */
struct figure {
    const char *text; /* of the expression */
    regex_t expression;
};

/*
 * Compiles the expression (POSIX extended), which has one group, around the number. Returns NULL; or
 * else what is wrong with it, for the caller to free.
 */
char *compile_figure(const char *text, struct figure *figure);

/*
 * Looks in each line of the file, and takes the last one that matches. Returns NULL; or else why
 * there is no figure, for the caller to free.
 */
char *read_figure(const struct figure *figure, const char *path, double *value);

void free_figure(struct figure *figure);

#endif
