/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_MEMORY_LIMIT_H
#define ZM_MEMORY_LIMIT_H

#include <stddef.h>

/* What control groups say of the memory of the process, each in bytes; SIZE_MAX: nothing. */
struct zm_memory_limits {
    size_t hard; /* never more than the machine has */
    size_t high; /* memory.high: above it the system takes memory back and slows the process down */
};

struct zm_memory_limits zm_memory_limits(void);

#endif
