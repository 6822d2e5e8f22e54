/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_ZONE_H
#define ZM_ZONE_H

/* Named accounts, counted like everything else: each thread for itself. */

#include <stdbool.h>
#include <stdint.h>

#include "zmalloc_zone.h"

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

/* What the calling thread has allocated and freed in it. */
void zm_zone_count(struct zmalloc_zone *zone, size_t allocated, size_t freed);

/* Whether there is a limit for it or for one above it. Then a request asks before, and settles after. */
bool zm_zone_is_limited(const struct zmalloc_zone *zone);
bool zm_zone_ask(struct zmalloc_zone *zone, size_t size);
void zm_zone_settle(struct zmalloc_zone *zone, size_t size);

/* From 1 on. */
unsigned zm_zone_number(const struct zmalloc_zone *zone);

/* In the child of a fork. */
void zm_zone_in_child(void);

/* For messages: the name of the zone with that number, which may have been destroyed. NULL for 0, which is
 * no zone. */
const char *zm_zone_name(unsigned number);

bool zm_zone_exists(unsigned number);

/* For the window (window.h). */
void zm_zone_show(volatile uint64_t *entry);

#endif
