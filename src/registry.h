/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_REGISTRY_H
#define ZM_REGISTRY_H

/* The known backends. Each function takes the choice lock itself, and does not hold it while it
 * calls the dynamic linker. */

#include "base.h"
#include "message.h"
#include "module.h"

/*
 * Finds a backend by name and opens its module if it has one. Returns 0, or one of these and then
 * *candidate is all 0:
 *
 *   ENOENT   unknown
 *   ENOTSUP  not in this build or not installed
 *   ENOEXEC  the module cannot be used
 *   ENOSPC   one foreign module too many
 */
int zm_registry_find(const char *name, struct zm_candidate *candidate);
/* Whether a backend that was found has been started, and the result. */
bool zm_registry_has_started(const char *name, int *error);
/* Remembers that it has started (error 0), or why it has not. */
void zm_registry_set_started(const char *name, int error, const char *why);
/* Adds a copy of a program's table, which has been checked. Returns 0, EEXIST or ENOSPC. */
int zm_registry_add(const struct zmalloc_backend *backend);
/* Describes the backend of that name, or of the row with that index. Returns 0 or ENOENT. */
int zm_registry_describe(const char *name, struct zmalloc_backend_info *info);
int zm_registry_describe_at(size_t index, struct zmalloc_backend_info *info);
/* Appends the names that can be chosen, separated by blanks. */
void zm_registry_list_available(struct zm_message *message);
/* The known name nearest to an unknown one, or NULL. */
const char *zm_registry_nearest(const char *name);
/* For fork: whether another thread is opening a module, and, in the child, that none is any more.
 * */
bool zm_registry_others_open(void);
void zm_registry_forget_openers(void);

#endif
