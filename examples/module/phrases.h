/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PHRASES_H
#define PHRASES_H

/*
 * Sets of phrases, each with how often it was added. A set answers with the most frequent phrases that
 * begin with a prefix. Everything here is memory of zmalloc in one zone, and nothing knows of a server.
 *
 * Sets may be freed by any thread. Otherwise a set belongs to one thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zmalloc.h>

#ifndef ZMALLOC_API
#error "this zmalloc.h is the server's; name the server's folder with -iquote instead of -I"
#endif

#include <zmalloc_zone.h>

#define PHRASES_COUNT_MAX INT64_MAX

struct phrase {
    uint64_t count; /* 1 to PHRASES_COUNT_MAX */
    size_t length;
    char text[]; /* any bytes, without a 0 at the end */
};

struct phrases;

/* Where all sets live. NULL before phrases_begin(). */
extern struct zmalloc_zone *phrases_zone;

/* Creates the zone. SIZE_MAX means no limit. On failure returns false, with errno from zmalloc_zone_create()
 * or zmalloc_zone_set_limit(). */
bool phrases_begin(size_t limit);

/* Whether the limit counts from now on; at first it does. */
void phrases_heed_limit(bool heed);

/* The limit of phrases_begin(), heeded or not. */
size_t phrases_limit(void);

/* Ends the zone, which must be empty. */
void phrases_end(void);

/* NULL if there is no memory. */
struct phrases *phrases_new(void);
void phrases_free(struct phrases *set);

/*
 * Adds to the count of a phrase, and puts the phrase into the set if it is new. Returns its count.
 * If that fails it returns 0, and the set is as it was: errno is ENOMEM, or EOVERFLOW if the count
 * would pass PHRASES_COUNT_MAX.
 */
uint64_t phrases_add(struct phrases *set, const char *text, size_t length, uint64_t count);

/* Whether the phrase was there. */
bool phrases_remove(struct phrases *set, const char *text, size_t length);

/* How many phrases there are, and each of them in the order of their bytes. */
size_t phrases_count(const struct phrases *set);
const struct phrase *phrases_at(const struct phrases *set, size_t index);

/* Fills best with the phrases that begin with the prefix, at most max, the most frequent first.
 * Returns how many. */
size_t phrases_complete(const struct phrases *set, const char *prefix, size_t length,
                        const struct phrase **best, size_t max);

/* What the set has in the zone, in bytes. */
size_t phrases_bytes(const struct phrases *set);

#endif
