/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_CREDIBLE_H
#define ZM_CREDIBLE_H

/* For allocators that count what they got from the system, not what is physically there. */

#include <stddef.h>

#include "zmalloc.h"

/*
 * Sets a figure of resident memory, unless it is more than the machine has. Then it includes pages
 * that were never touched or are swapped out, and means nothing.
 */
static inline void tell_if_credible(size_t *figure, size_t bytes)
{
    size_t memory = zmalloc_get_memory_size();

    if (memory == 0 || bytes <= memory)
        *figure = bytes;
}

#endif
