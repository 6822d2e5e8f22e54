/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_BACKENDS_H
#define TOOLS_BACKENDS_H

#include <stdbool.h>
#include <stddef.h>

#include "probing.h"

/* Everything that can be known of the backends, for the verbs that speak of them. */

enum backend_state { BACKEND_BUILT_IN, BACKEND_MODULE, BACKEND_NOT_BUILT, BACKEND_BROKEN };

struct backend {
    char *name;
    enum backend_state state;
    char *why;     /* it is not built or broken; else NULL */
    json_t *facts; /* what its probe tells; NULL where it does not start */
};

struct backends {
    struct backend *rows;
    size_t count;
    struct probe by_default;     /* what a program gets unasked */
    struct probe by_environment; /* what it gets in the environment as it is */
};

/*
 * Tries all backends that the library knows, and those foreign modules that ZMALLOC_BACKEND names.
 */
struct backends backends_gather(void);

void backends_free(struct backends *backends);

/* NULL where there is none of the name. */
const struct backend *backends_find(const struct backends *backends, const char *name);

/* "built in", "module", "not built" or "broken". */
const char *backend_state_text(enum backend_state state);

/* The name without layers in front: of "debug+jemalloc" it is "jemalloc". */
const char *backend_without_layers(const char *name);

/*
 * The next name in the value of ZMALLOC_BACKEND, without layers and the blanks around it, and *value
 * behind it. NULL where there is none. The caller frees it.
 */
char *backend_next_named(const char **value);

/* ---- The backends that a program may run on ---- */

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

/* Adds a copy of the name, at most length bytes of it. */
void add_name(struct names *names, const char *name, size_t length);

/* Whether the backend of that name is a part of the library itself. */
bool is_built_in(const char *name);

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
