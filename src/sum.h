/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_SUM_H
#define ZM_SUM_H

/* What is in use: all that was allocated minus all that was freed, of counters that go on growing. */

#include "base.h"

struct zm_counters {
    size_t (*all_freed)(void *of);
    size_t (*all_allocated)(void *of);
    void *of;
    size_t much; /* so much freed while somebody looked, and the sum may be too high to keep */
    /* Somebody else counts, with plain stores: they are seen in order on x86, but other processors
     * need not see them so. Treat a negative sum as 0. */
    bool may_be_negative;
};

#define ZM_SUM_LOOKS_MAX 5

/*
 * Read everything that was freed before anything that was allocated. Blocks that come and go in
 * between make the sum too high: hardly, or by gigabytes if the reader loses its processor just
 * there. If much was freed meanwhile, take the sum again and keep the least.
 */
ZM_INLINE size_t zm_sum(const struct zm_counters *counters)
{
    size_t freed = counters->all_freed(counters->of);
    size_t least = SIZE_MAX;

    for (unsigned looks = 0; looks < ZM_SUM_LOOKS_MAX; looks++) {
        size_t used = counters->all_allocated(counters->of) - freed;
        size_t freed_since = counters->all_freed(counters->of) - freed;

        if (counters->may_be_negative && used > SIZE_MAX / 2)
            used = 0;
        if (used < least)
            least = used;
        if (freed_since < counters->much)
            break;
        freed += freed_since;
    }
    return least;
}

#endif
