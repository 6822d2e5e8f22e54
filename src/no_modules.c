/* SPDX-License-Identifier: BSD-3-Clause */

/* Replaces module.c in the static library: a module counts in the shared library's thread-local
 * storage, so it needs that library. */

#include <errno.h>

#include "base.h"
#include "module.h"

int zm_module_open(const char *name, const struct zm_module_needs *needs,
                   struct zm_candidate *candidate, char *why)
{
    (void)name;
    (void)needs;
    (void)candidate;
    (void)why;
    return ENOTSUP;
}

bool zm_module_exists(const char *name)
{
    (void)name;
    return false;
}

const char *zm_module_refusal(void)
{
    return "not in this build: it is a module, and the static library opens none";
}
