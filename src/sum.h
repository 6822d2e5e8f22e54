/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_SUM_H
#define ZM_SUM_H

/* What is in use: all that was allocated minus all that was freed, by counters that only grow and that others
 * change meanwhile. */

#include "base.h"

struct zm_totals {
    size_t allocated;
    size_t freed;
};

#define ZM_SUM_LOOKS_MAX 5

/* Counters that somebody else adds to may be seen out of order. Treat a negative sum as 0. */
ZM_INLINE size_t zm_difference(size_t allocated, size_t freed, bool may_be_negative)
{
    size_t used = allocated - freed;

    return used > SIZE_MAX / 2 && may_be_negative ? 0 : used;
}

/*
 * Collect twice, and take what was freed by the first time from what was allocated by the second. At
 * the moment between the two no less was allocated and no more was freed, so the sum is never too
 * low. It is too high by at most what was counted meanwhile: hardly anything, or gigabytes if the
 * reader loses its processor. If it was much, collect again and keep the least.
 */
ZM_INLINE size_t zm_sum(struct zm_totals (*collect)(void *argument), void *argument, size_t much,
                        bool may_be_negative)
{
    struct zm_totals first = collect(argument);
    size_t least = SIZE_MAX;

    for (unsigned looks = 0; looks < ZM_SUM_LOOKS_MAX; looks++) {
        struct zm_totals second = collect(argument);
        size_t used = zm_difference(second.allocated, first.freed, may_be_negative);

        if (used < least)
            least = used;
        if (second.freed - first.freed < much / 2 && second.allocated - first.allocated < much / 2)
            break;
        first = second;
    }
    return least;
}

#endif
