/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Blocks in zones: the public functions that allocate and free. How much a block counts is not asked of
 * the allocator again: it is what the thread's own counters have grown by during the call.
 */

#include <errno.h>

#include "accounting.h"
#include "out_of_memory.h"
#include "zone.h"

/* ---- The usual path: the thread has counters for zones, and the zone has no limit ---- */

/* The thread's counters of the zone, or NULL if this is not the usual path. */
ZM_INLINE struct zm_zone_counts *usual_counts(const struct zmalloc_zone *zone)
{
    const struct zm_node *node = zm_thread.node;
    struct zm_zone_counts *counts = ZM_LIKELY(node != NULL) ? node->zones : NULL;

    if (ZM_UNLIKELY(counts == NULL || zm_zone_is_limited(zone)))
        return NULL;
    return &counts[zone->number];
}

/* ---- Any path ---- */

/* What the calling thread has allocated and freed so far, by its own counters. */
struct mark {
    const struct zm_node *node;
    size_t allocated;
    size_t freed;
};

static struct mark mark_here(struct zmalloc_zone *zone)
{
    const struct zm_node *node = zm_thread.node;
    struct mark mark = {.node = node};

    zm_thread.zone = zone->number;
    if (ZM_LIKELY(node != NULL)) {
        mark.allocated = zm_node_allocated(node);
        mark.freed = zm_node_freed(node);
    }
    return mark;
}

/* What has come of it: ptr is the block there is now, and its size before is known if the thread had
 * no counters. */
static void count_since(struct zmalloc_zone *zone, const struct mark *mark, const void *ptr,
                        size_t size_before)
{
    zm_thread.zone = 0;
    if (ZM_LIKELY(mark->node != NULL))
        zm_zone_count(zone, zm_node_allocated(mark->node) - mark->allocated,
                      zm_node_freed(mark->node) - mark->freed);
    else
        zm_zone_count(zone, zmalloc_size(ptr), size_before);
}

static size_t size_without_counters(const struct mark *mark, const void *ptr)
{
    return mark->node == NULL ? zmalloc_size(ptr) : 0;
}

/* A request of any kind; alignment 0 means an ordinary one. */
struct request {
    void *ptr;
    size_t alignment;
    size_t size;
    size_t *usable;
    unsigned how;
};

#define ZEROED 1u
#define RESIZED 2u

ZM_INLINE bool is_resized(const struct request *request)
{
    return (request->how & RESIZED) != 0;
}

ZM_INLINE void *try(const struct request *request)
{
    if (is_resized(request))
        return ztryrealloc(request->ptr, request->size);
    if (request->alignment != 0)
        return ztrymalloc_aligned(request->alignment, request->size);
    if (request->usable != NULL)
        return ztrymalloc_usable(request->size, request->usable);
    return (request->how & ZEROED) != 0 ? ztrycalloc(request->size) : ztrymalloc(request->size);
}

/* By how much the zone grows, at most. */
static size_t growth(const struct request *request)
{
    size_t before = is_resized(request) ? zmalloc_size(request->ptr) : 0;
    size_t after = zmalloc_good_size(request->size);

    if (after < request->size)
        after = request->size;
    after += zmalloc_backend_prefix_size();
    return after > before ? after - before : 0;
}

static void *serve(struct zmalloc_zone *zone, const struct request *request)
{
    struct mark mark = mark_here(zone);
    size_t before = size_without_counters(&mark, request->ptr);
    void *ptr = try(request);
    bool has_changed = ptr != NULL || (is_resized(request) && request->size == 0);

    /* A block that could not be resized is still there; one of a size that is too large is not. */
    if (!has_changed && is_resized(request) && request->size >= ZM_SIZE_LIMIT)
        has_changed = true;
    count_since(zone, &mark, ptr, has_changed ? before : 0);
    return ptr;
}

static void *serve_limited(struct zmalloc_zone *zone, const struct request *request)
{
    size_t size = request->size < ZM_SIZE_LIMIT ? growth(request) : 0;
    void *ptr;

    /* The limit may be below what is in use. */
    if (size == 0)
        return serve(zone, request);
    if (!zm_zone_ask(zone, size)) {
        if (request->usable != NULL)
            *request->usable = 0;
        errno = ENOMEM;
        return NULL;
    }
    ptr = serve(zone, request);
    zm_zone_settle(zone, size);
    return ptr;
}

/* The members one by one: then the usual path keeps none of them in memory. */
static __attribute__((noinline)) void *ask_unusual(struct zmalloc_zone *zone, void *ptr,
                                                   size_t alignment, size_t size, size_t *usable,
                                                   unsigned how)
{
    struct request request = {ptr, alignment, size, usable, how};

    if (zm_zone_is_limited(zone))
        return serve_limited(zone, &request);
    return serve(zone, &request);
}

/* A request that only allocates. */
ZM_INLINE void *serve_usual(struct zmalloc_zone *zone, struct zm_zone_counts *counts,
                            const struct request *request)
{
    const zm_counter *allocated = zm_node_allocated_at(zm_thread.node);
    size_t before = *allocated;
    void *ptr;

    zm_thread.zone = zone->number;
    ptr = try(request);
    zm_thread.zone = 0;
    zm_counter_add(&counts->allocated, *allocated - before);
    zm_zone_look_now_and_then(zone, counts);
    return ptr;
}

ZM_INLINE void *ask(struct zmalloc_zone *zone, struct request request)
{
    struct zm_zone_counts *counts;

    if (zone == NULL)
        return try(&request);
    counts = !is_resized(&request) ? usual_counts(zone) : NULL;
    if (ZM_LIKELY(counts != NULL))
        return serve_usual(zone, counts, &request);
    return ask_unusual(zone, request.ptr, request.alignment, request.size, request.usable,
                       request.how);
}

/* Of the plain forms. */
static void *or_handler(void *ptr, size_t alignment, size_t size)
{
    return ptr != NULL ? ptr : zm_out_of_memory(size, alignment);
}

void *ztrymalloc_in(struct zmalloc_zone *zone, size_t size)
{
    return ask(zone, (struct request){.size = size});
}

void *ztrycalloc_in(struct zmalloc_zone *zone, size_t size)
{
    return ask(zone, (struct request){.size = size, .how = ZEROED});
}

void *ztryrealloc_in(struct zmalloc_zone *zone, void *ptr, size_t size)
{
    return ask(zone, (struct request){.ptr = ptr, .size = size, .how = RESIZED});
}

void *ztrymalloc_aligned_in(struct zmalloc_zone *zone, size_t alignment, size_t size)
{
    if (alignment == 0) {
        errno = EINVAL;
        return NULL;
    }
    return ask(zone, (struct request){.alignment = alignment, .size = size});
}

void *ztrymalloc_usable_in(struct zmalloc_zone *zone, size_t size, size_t *usable)
{
    size_t ignored = 0;

    return ask(zone, (struct request){.size = size, .usable = usable != NULL ? usable : &ignored});
}

void *zmalloc_in(struct zmalloc_zone *zone, size_t size)
{
    void *ptr = ask(zone, (struct request){.size = size});

    ZM_SPILL(size);
    return or_handler(ptr, 0, size);
}

void *zcalloc_in(struct zmalloc_zone *zone, size_t size)
{
    return or_handler(ask(zone, (struct request){.size = size, .how = ZEROED}), 0, size);
}

/* Size 0 has freed the block. */
void *zrealloc_in(struct zmalloc_zone *zone, void *ptr, size_t size)
{
    void *moved = ztryrealloc_in(zone, ptr, size);

    return moved != NULL || (size == 0 && ptr != NULL) ? moved : zm_out_of_memory(size, 0);
}

void *zmalloc_aligned_in(struct zmalloc_zone *zone, size_t alignment, size_t size)
{
    void *ptr = ztrymalloc_aligned_in(zone, alignment, size);

    return ptr != NULL || errno == EINVAL ? ptr : zm_out_of_memory(size, alignment);
}

void *zmalloc_usable_in(struct zmalloc_zone *zone, size_t size, size_t *usable)
{
    return or_handler(ztrymalloc_usable_in(zone, size, usable), 0, size);
}

static __attribute__((noinline)) void free_unusual(struct zmalloc_zone *zone, void *ptr)
{
    struct mark mark = mark_here(zone);
    size_t before = size_without_counters(&mark, ptr);

    zfree(ptr);
    count_since(zone, &mark, NULL, before);
}

void zfree_in(struct zmalloc_zone *zone, void *ptr)
{
    struct zm_zone_counts *counts;
    const zm_counter *freed;
    size_t before;

    if (zone == NULL || ptr == NULL) {
        zfree(ptr);
        return;
    }
    counts = usual_counts(zone);
    if (ZM_UNLIKELY(counts == NULL)) {
        free_unusual(zone, ptr);
        return;
    }
    freed = zm_node_freed_at(zm_thread.node);
    before = *freed;
    zm_thread.zone = zone->number;
    zfree(ptr);
    zm_thread.zone = 0;
    zm_counter_add(&counts->freed, *freed - before);
}
