/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_MODULE_H
#define ZM_MODULE_H

/* Backends that are modules. The static library opens none (no_modules.c). */

#include "base.h"
#include "instance.h"

/* A backend that is ready to be started. */
struct zm_candidate {
    const struct zmalloc_backend *backend;
    const struct zm_instance *instance; /* NULL: use the generic one */
    const char *origin;                 /* see zmalloc_backend_origin() */
};

/* How one of our modules has to be opened. */
struct zm_module_needs {
    /* Libraries, up to a NULL. The first that exists is opened before the module. */
    const char *const *opens_first;
    /* Its own libraries come before what the program has under the same names. */
    bool own_names_first;
};

/* Opens the module of that name; needs may be NULL. Returns 0, ENOTSUP (not installed) or ENOEXEC
 * (it cannot be used); with an error, the reason is in why, which has ZM_WHY_SIZE bytes. */
int zm_module_open(const char *name, const struct zm_module_needs *needs,
                   struct zm_candidate *candidate, char *why);
/* Whether the module's file exists where modules are looked for. Opens nothing. */
bool zm_module_exists(const char *name);
/* Why this library opens no modules at all, or NULL if it does. */
const char *zm_module_refusal(void);

#endif
