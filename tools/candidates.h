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

void free_names(struct names *names);

/*
 * Whether the library starts the backend, in a process of its own; where not, the library's reason
 * is in why.
 */
bool backend_starts(const char *name, char *why, size_t size);

#endif
