/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_COMPAT_CAN_MOVE_H
#define ZM_COMPAT_CAN_MOVE_H

#include <stdbool.h>
#include <stdio.h>

#include "zmalloc.h"

/* Whether a server can have active defragmentation with the active backend. Says so if only a layer is in the
 * way, because then somebody may wait for it. */
static inline bool can_move_blocks(void)
{
    if (zmalloc_get_fragmentation(NULL) != 0)
        return false;
    if (zmalloc_worth_moving(NULL) == 0)
        return true;
    fprintf(stderr,
            "zmalloc: no active defragmentation with %s: the layer has to see each block where it "
            "is, so "
            "activedefrag has no effect\n",
            zmalloc_backend_name());
    return false;
}

#endif
