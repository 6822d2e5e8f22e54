/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_CREDIBLE_H
#define ZM_CREDIBLE_H

/* For allocators that count what they have from the system, and not what is there of it. */

#include <stddef.h>

#include "zmalloc.h"

/*
 * Sets a figure of memory that is to be there, unless it is more than the machine has: then pages are
 * in it that nobody has touched, or that are swapped out, and it says nothing.
 */
static inline void tell_if_credible(size_t *figure, size_t bytes)
{
    size_t memory = zmalloc_get_memory_size();

    if (memory == 0 || bytes <= memory)
        *figure = bytes;
}

#endif
