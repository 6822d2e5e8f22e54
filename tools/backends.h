/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_BACKENDS_H
#define TOOLS_BACKENDS_H

/* Everything that can be known of the backends, for the verbs that speak of them. */

#include <stddef.h>

#include "probing.h"

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

#endif
