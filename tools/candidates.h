/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_CANDIDATES_H
#define TOOLS_CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>

/* Some names of backends, each with layers over it if it was said so. All of it is the caller's. */
struct names {
    char **of;
    size_t count;
};

/* All that are built in or have their module in place. */
struct names available_backends(void);

/* Those of a list with commas between them, as they stand there. */
struct names listed_backends(const char *list);

/* The names with this between them. The caller frees it. */
char *list_names(const struct names *names, const char *between);

/* Takes out those that are no part of the library itself, and returns them. */
struct names take_modules(struct names *names);

void free_names(struct names *names);

/* Whether it is one of the library's, without layers; a foreign module's is not. */
bool is_known_backend(const char *element);

/*
 * Why the library does not start an element of a list, tried in a process of its own: in a line, with
 * those that are available and, where the name is mistyped, what may have been meant. NULL where it
 * starts. The caller frees it.
 */
char *trouble_with_backend(const char *element);

/* Whether the trouble is that there is no backend or no layer of the name. */
bool is_unknown(const char *trouble);

#endif
