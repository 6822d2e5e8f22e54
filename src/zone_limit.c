/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Limits of zones. A zone with a limit, of its own or of one above it, takes the sum for each request.
 * Requests are announced before, as in limit.c, so that two threads cannot take the same room.
 */

#include <sched.h>

#include "limit.h"
#include "zone.h"

static void settle_up_to(struct zmalloc_zone *zone, const struct zmalloc_zone *end, size_t size)
{
    for (; zone != end; zone = zone->parent)
        __atomic_fetch_sub(&zone->pending, size, __ATOMIC_SEQ_CST);
}

/* What becomes of a request in one zone. */
enum answer { GRANTED, WAITING, REFUSED };

static enum answer ask_one(struct zmalloc_zone *zone, size_t size)
{
    size_t announced = __atomic_add_fetch(&zone->pending, size, __ATOMIC_SEQ_CST);
    size_t limit = zmalloc_zone_get_limit(zone);
    size_t used = limit != SIZE_MAX ? zmalloc_zone_used(zone) : 0;

    if (zm_leaves_room(limit, used, announced))
        return GRANTED;
    return zm_leaves_room(limit, used, size) ? WAITING : REFUSED;
}

/* As in limit.c: what waits is not announced. */
static enum answer wait_in(const struct zmalloc_zone *zone, size_t size)
{
    size_t limit = zmalloc_zone_get_limit(zone);
    size_t others = __atomic_load_n(&zone->pending, __ATOMIC_SEQ_CST);
    size_t used = limit != SIZE_MAX ? zmalloc_zone_used(zone) : 0;

    if (!zm_leaves_room(limit, used, size))
        return REFUSED;
    return zm_leaves_room(limit - size, used, others) ? GRANTED : WAITING;
}

static bool wait_for_room(const struct zmalloc_zone *zone, size_t size)
{
    enum answer answer = GRANTED;

    do {
        const struct zmalloc_zone *asked = zone;

        if (answer == WAITING)
            sched_yield();
        for (answer = GRANTED; asked != NULL && answer == GRANTED; asked = asked->parent)
            answer = wait_in(asked, size);
    } while (answer == WAITING);
    return answer == GRANTED;
}

/* In the zone and all above it. */
bool zm_zone_ask(struct zmalloc_zone *zone, size_t size)
{
    for (;;) {
        enum answer answer = GRANTED;
        struct zmalloc_zone *asked = zone;

        for (; asked != NULL && answer == GRANTED; asked = asked->parent)
            answer = ask_one(asked, size);
        if (answer == GRANTED)
            return true;
        settle_up_to(zone, asked, size);
        if (answer == REFUSED || !wait_for_room(zone, size))
            return false;
    }
}

void zm_zone_settle(struct zmalloc_zone *zone, size_t size)
{
    settle_up_to(zone, NULL, size);
    zm_zone_look(zone);
}
