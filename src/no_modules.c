/* SPDX-License-Identifier: BSD-3-Clause */

/* In place of module.c in the static library: a module needs the shared one, for it counts in the
 * library's thread-local storage. */

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
