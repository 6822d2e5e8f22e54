/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_ZONE_H
#define ZM_ZONE_H

/* Named accounts, counted like everything else: each thread for itself. */

#include <stdbool.h>
#include <stdint.h>

#include "accounting.h"
#include "zmalloc_zone.h"

#define ZM_ZONE_NAME_SIZE 64

struct zmalloc_zone {
    unsigned is_there; /* read by others while it is created */
    unsigned number;   /* from 1 */
    bool is_limited;   /* it, or one above it */
    unsigned children;
    struct zmalloc_zone *parent;
    size_t limit;
    size_t peak;
    size_t pending;
    uint64_t age; /* larger than that of all zones before it */
    char name[ZM_ZONE_NAME_SIZE];
};

/* The figures of a zone, as they are now. */
struct zm_zone_figures {
    unsigned number;
    const char *name;
    const char *parent; /* NULL: none */
    size_t used;
    size_t peak;
    size_t limit; /* SIZE_MAX: none */
};

void zm_zone_figures(struct zmalloc_zone *zone, struct zm_zone_figures *figures);

/* What the calling thread has allocated and freed in it, in this order, so that the sum is never too
 * low. */
void zm_zone_count(struct zmalloc_zone *zone, size_t allocated, size_t freed);

/* Takes the sum of the zone and of those above it, for their peaks. */
void zm_zone_look(struct zmalloc_zone *zone);

/* A thread looks at least once for so many bytes. */
#define ZM_ZONE_LOOK_EVERY ((size_t)64 << 10)

void zm_zone_see(struct zmalloc_zone *zone, struct zm_zone_counts *counts);

/* After the thread has counted something there as allocated. */
ZM_INLINE void zm_zone_look_now_and_then(struct zmalloc_zone *zone, struct zm_zone_counts *counts)
{
    if (ZM_UNLIKELY(counts->allocated - counts->seen >= ZM_ZONE_LOOK_EVERY))
        zm_zone_see(zone, counts);
}

/* Whether there is a limit for it or for one above it. Then a request asks before, and settles after. */
ZM_INLINE bool zm_zone_is_limited(const struct zmalloc_zone *zone)
{
    return __atomic_load_n(&zone->is_limited, __ATOMIC_RELAXED);
}

bool zm_zone_ask(struct zmalloc_zone *zone, size_t size);
void zm_zone_settle(struct zmalloc_zone *zone, size_t size);

/* In the child of a fork. */
void zm_zone_in_child(void);

/* For messages: the name of the zone with that number, which may have been destroyed. NULL for 0, which is
 * no zone. */
const char *zm_zone_name(unsigned number);

bool zm_zone_exists(unsigned number);

/* For the window (window.h). */
void zm_zone_show(volatile uint64_t *entry);

#endif
