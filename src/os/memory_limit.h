/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_MEMORY_LIMIT_H
#define ZM_MEMORY_LIMIT_H

#include <stddef.h>

/* The limits of the process's control groups, in bytes. SIZE_MAX: no limit. */
struct zm_memory_limits {
    size_t hard; /* never more than the machine has */
    size_t high; /* memory.high: above it the system reclaims memory and slows the process down */
};

struct zm_memory_limits zm_memory_limits(void);

#endif
