/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_ZONE_H
#define ZMALLOC_ZONE_H

/*
 * Zones: named accounts. A program says for each block which zone it belongs to, and can then ask
 * how much each part of it holds, and limit that. docs/zones.md has an example.
 *
 *     struct zmalloc_zone *cache = zmalloc_zone_create("cache", NULL);
 *     char *page = zmalloc_in(cache, 4096);
 *     zfree_in(cache, page);
 *
 * A block must be resized and freed with the zone that it was allocated in; the layer debug finds it
 * if it is not. A zone may have a parent, whose figures include its own. Blocks in zones are ordinary
 * blocks: zmalloc_used_memory() has them, and zmalloc_usable_size() and zmalloc_size() work. NULL
 * as a zone is no zone: zmalloc_in(NULL, n) is zmalloc(n).
 *
 * What zmalloc.h says about threads, fork, cancellation and errors is true here, too. All of this is
 * ours.
 */

#include "zmalloc.h"

#ifdef __cplusplus
extern "C" {
#endif

struct zmalloc_zone;

/*
 * A new zone below parent, which may be NULL. The name is copied: 1 to 63 bytes, none of them a
 * control character. Names need not differ. There can be 255 zones. Returns NULL with errno EINVAL for
 * another name, ENOSPC if there are too many.
 */
ZMALLOC_API struct zmalloc_zone *zmalloc_zone_create(const char *name, struct zmalloc_zone *parent)
    ZMALLOC_SYMBOL(zmalloc_zone_create);

/*
 * Ends a zone. *left becomes the bytes that are still in it; left may be NULL. If that is not 0, or
 * there are zones below it, the zone stays: -1 with errno EBUSY. Otherwise 0, and the zone must not be
 * used any more.
 */
ZMALLOC_API int zmalloc_zone_destroy(struct zmalloc_zone *zone, size_t *left)
    ZMALLOC_SYMBOL(zmalloc_zone_destroy);

/* The zone created after this one, or the first one for NULL; NULL after the last. */
ZMALLOC_API struct zmalloc_zone *zmalloc_zone_next(const struct zmalloc_zone *zone)
    ZMALLOC_SYMBOL(zmalloc_zone_next);

ZMALLOC_API const char *zmalloc_zone_name(const struct zmalloc_zone *zone)
    ZMALLOC_SYMBOL(zmalloc_zone_name);
ZMALLOC_API struct zmalloc_zone *zmalloc_zone_parent(const struct zmalloc_zone *zone)
    ZMALLOC_SYMBOL(zmalloc_zone_parent);

/*
 * What is in use in the zone and those below it: the sum of zmalloc_size(). As exact as
 * zmalloc_used_memory(), and as safe in a signal handler.
 */
ZMALLOC_API size_t zmalloc_zone_used(const struct zmalloc_zone *zone)
    ZMALLOC_SYMBOL(zmalloc_zone_used);

/* The most that was in use in it, at most 64 KiB for each thread below the truth. */
ZMALLOC_API size_t zmalloc_zone_peak(struct zmalloc_zone *zone) ZMALLOC_SYMBOL(zmalloc_zone_peak);
ZMALLOC_API void zmalloc_zone_reset_peak(struct zmalloc_zone *zone)
    ZMALLOC_SYMBOL(zmalloc_zone_reset_peak);

/*
 * A limit for the zone and those below it: a request beyond it fails as if there were no memory. Each
 * request in such a zone is compared with the sum, which takes as long as zmalloc_zone_used().
 * Values and errors are those of zmalloc_set_limit(); SIZE_MAX is no limit.
 */
ZMALLOC_API int zmalloc_zone_set_limit(struct zmalloc_zone *zone, size_t bytes)
    ZMALLOC_SYMBOL(zmalloc_zone_set_limit);
ZMALLOC_API size_t zmalloc_zone_get_limit(const struct zmalloc_zone *zone)
    ZMALLOC_SYMBOL(zmalloc_zone_get_limit);

/* ---- Blocks: as the functions of the same names without _in ---- */

ZMALLOC_API void zfree_in(struct zmalloc_zone *zone, void *ptr) ZMALLOC_SYMBOL(zfree_in);

ZMALLOC_API void *zmalloc_in(struct zmalloc_zone *zone, size_t size) ZMALLOC_SYMBOL(zmalloc_in)
    ZMALLOC_ATTRIBUTE(malloc, warn_unused_result, alloc_size(2));
ZMALLOC_API void *zcalloc_in(struct zmalloc_zone *zone, size_t size) ZMALLOC_SYMBOL(zcalloc_in)
    ZMALLOC_ATTRIBUTE(malloc, warn_unused_result, alloc_size(2));
ZMALLOC_API void *zrealloc_in(struct zmalloc_zone *zone, void *ptr, size_t size)
    ZMALLOC_SYMBOL(zrealloc_in) ZMALLOC_ATTRIBUTE(warn_unused_result, alloc_size(3));
ZMALLOC_API void *zmalloc_aligned_in(struct zmalloc_zone *zone, size_t alignment, size_t size)
    ZMALLOC_SYMBOL(zmalloc_aligned_in)
        ZMALLOC_ATTRIBUTE(malloc, warn_unused_result, alloc_align(2), alloc_size(3));
ZMALLOC_API void *zmalloc_usable_in(struct zmalloc_zone *zone, size_t size, size_t *usable)
    ZMALLOC_SYMBOL(zmalloc_usable_in) ZMALLOC_ATTRIBUTE(malloc, warn_unused_result);

ZMALLOC_API void *ztrymalloc_in(struct zmalloc_zone *zone, size_t size)
    ZMALLOC_SYMBOL(ztrymalloc_in) ZMALLOC_ATTRIBUTE(malloc, warn_unused_result, alloc_size(2));
ZMALLOC_API void *ztrycalloc_in(struct zmalloc_zone *zone, size_t size)
    ZMALLOC_SYMBOL(ztrycalloc_in) ZMALLOC_ATTRIBUTE(malloc, warn_unused_result, alloc_size(2));
ZMALLOC_API void *ztryrealloc_in(struct zmalloc_zone *zone, void *ptr, size_t size)
    ZMALLOC_SYMBOL(ztryrealloc_in) ZMALLOC_ATTRIBUTE(warn_unused_result, alloc_size(3));
ZMALLOC_API void *ztrymalloc_aligned_in(struct zmalloc_zone *zone, size_t alignment, size_t size)
    ZMALLOC_SYMBOL(ztrymalloc_aligned_in)
        ZMALLOC_ATTRIBUTE(malloc, warn_unused_result, alloc_align(2), alloc_size(3));
ZMALLOC_API void *ztrymalloc_usable_in(struct zmalloc_zone *zone, size_t size, size_t *usable)
    ZMALLOC_SYMBOL(ztrymalloc_usable_in) ZMALLOC_ATTRIBUTE(malloc, warn_unused_result);

#ifdef __cplusplus
}
#endif

#endif
