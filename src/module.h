/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_MODULE_H
#define ZM_MODULE_H

/* Backends in shared objects of their own. The static library opens none: no_modules.c. */

#include "base.h"
#include "instance.h"

/* A backend that is ready to be started. */
struct zm_candidate {
    const struct zmalloc_backend *backend;
    const struct zm_instance *instance; /* NULL: the generic one serves */
    const char *origin;                 /* see zmalloc_backend_origin() */
};

/* How a module of ours has to be opened. */
struct zm_module_needs {
    /* Libraries of which the first that is there must be open before it; up to a NULL. */
    const char *const *opens_first;
    /* What it is linked with comes before what the program has under the same names. */
    bool own_names_first;
};

/* Opens the module of that name; needs may be NULL. Returns 0; or ENOTSUP: not installed, or ENOEXEC:
 * it cannot be used, and then why in ZM_WHY_SIZE bytes. */
int zm_module_open(const char *name, const struct zm_module_needs *needs,
                   struct zm_candidate *candidate, char *why);
/* Whether the module's file is where it is looked for. Opens nothing. */
bool zm_module_exists(const char *name);
/* Why this library opens no modules at all; NULL if it does. */
const char *zm_module_refusal(void);

#endif
