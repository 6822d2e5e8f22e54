/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_BACKEND_H
#define ZM_BACKEND_H

#include "base.h"

/* Marks an unknown figure. */
#define ZM_UNKNOWN SIZE_MAX

struct zm_allocator_info {
    size_t allocated, active, resident, retained, muzzy;
};

/* The allocator's figures as the active backend reports them, ZM_UNKNOWN for the others. */
struct zm_allocator_info zm_allocator_info(void);

/* What zmalloc_backend_version() returned last, for signal handlers; it is asked as soon as a backend
 * has been chosen. "unknown" before. */
const char *zm_backend_version_known(void);

#endif
