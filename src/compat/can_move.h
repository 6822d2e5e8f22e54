/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_COMPAT_CAN_MOVE_H
#define ZM_COMPAT_CAN_MOVE_H

#include <stdbool.h>
#include <stdio.h>

#include "zmalloc.h"

/* Whether a server can have active defragmentation with the active backend. Says so if the allocator could, but
 * what is over it cannot, because then somebody may wait for it. Servers copy zmalloc_size() bytes, so there must be no
 * prefix. */
static inline bool can_move_blocks(void)
{
    if (zmalloc_get_fragmentation(NULL) != 0)
        return false;
    if (zmalloc_backend_prefix_size() == 0 && zmalloc_worth_moving(NULL) == 0)
        return true;
    fprintf(
        stderr,
        "zmalloc: activedefrag has no effect with %s, which does not tell which blocks to move\n",
        zmalloc_backend_name());
    return false;
}

#endif
