/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Zones: named accounts that a program gives its blocks to.
 *
 * A zone is counted as everything is (accounting.c): each thread has two counters for each zone that
 * only grow, and the sum over all threads is what is in use. The counters lie beside the thread's
 * node, in pages that are mapped when a thread first uses a zone, and stay with the node. So a zone
 * needs no lock and no shared counter.
 *
 * A zone is created only when its sum is 0, so it can have the place of one that was destroyed.
 *
 * A zone with a limit, of its own or of one above it, asks in zone_limit.c before each request.
 */

#include "zone.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#include "accounting.h"
#include "limit.h"
#include "peak.h"
#include "sum.h"
#include "window.h"

/* Place 0 is no zone. */
static struct zmalloc_zone zones[ZM_ZONES];
static uint64_t last_age;

/* Creating, destroying and limits are rare; no allocator is called in between. */
static unsigned change_lock;

static void lock_changes(void)
{
    while (__atomic_exchange_n(&change_lock, 1, __ATOMIC_ACQUIRE) != 0)
        sched_yield(); /* GCOVR_EXCL_LINE: two threads at the same moment */
}

static void unlock_changes(void)
{
    __atomic_store_n(&change_lock, 0, __ATOMIC_RELEASE);
}

void zm_zone_in_child(void)
{
    unlock_changes();
    for (unsigned i = 1; i < ZM_ZONES; i++) {
        __atomic_store_n(&zones[i].pending, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&zones[i].children, 0, __ATOMIC_RELAXED);
    }
    /* A thread that has vanished may have been about to count one. */
    for (unsigned i = 1; i < ZM_ZONES; i++)
        if (zones[i].is_there && zones[i].parent != NULL)
            zones[i].parent->children++;
}

static bool is_there(const struct zmalloc_zone *zone)
{
    return __atomic_load_n(&zone->is_there, __ATOMIC_ACQUIRE) != 0;
}

/* ---- Counting ---- */

/* Of threads that have no node, or no page for it. */
static struct zm_zone_counts shared[ZM_ZONES];

static struct zm_zone_counts *counts_of(const struct zm_node *node)
{
    return __atomic_load_n(&node->zones, __ATOMIC_ACQUIRE);
}

/* NULL: there is no node, or no memory. */
static struct zm_zone_counts *own_counts(void)
{
    struct zm_node *node = zm_thread.node;
    struct zm_zone_counts *counts;

    if (node == NULL)
        return NULL;
    counts = counts_of(node);
    if (ZM_LIKELY(counts != NULL))
        return counts;
    counts = mmap(NULL, sizeof(struct zm_zone_counts[ZM_ZONES]), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED)
        return NULL; /* GCOVR_EXCL_LINE: two pages, when memory is used up */
    __atomic_store_n(&node->zones, counts, __ATOMIC_RELEASE);
    return counts;
}

void zm_zone_see(struct zmalloc_zone *zone, struct zm_zone_counts *counts)
{
    counts->seen = counts->allocated;
    zm_zone_look(zone);
}

void zm_zone_count(struct zmalloc_zone *zone, size_t allocated, size_t freed)
{
    struct zm_zone_counts *counts = own_counts();

    if (ZM_UNLIKELY(counts == NULL)) {
        __atomic_fetch_add(&shared[zone->number].allocated, allocated, __ATOMIC_RELEASE);
        __atomic_fetch_add(&shared[zone->number].freed, freed, __ATOMIC_RELEASE);
        if (allocated > freed)
            zm_zone_look(zone);
        return;
    }
    counts += zone->number;
    zm_counter_add(&counts->allocated, allocated);
    zm_counter_add(&counts->freed, freed);
    zm_zone_look_now_and_then(zone, counts);
}

struct collection {
    unsigned number;
    struct zm_totals totals;
};

static void add_counts(const struct zm_zone_counts *counts, struct collection *collection)
{
    collection->totals.freed += zm_counter_read(&counts[collection->number].freed);
    collection->totals.allocated += zm_counter_read(&counts[collection->number].allocated);
}

static void add_node(const struct zm_node *node, void *argument)
{
    const struct zm_zone_counts *counts = counts_of(node);

    if (counts != NULL)
        add_counts(counts, argument);
}

static struct zm_totals collect(void *argument)
{
    const struct zmalloc_zone *zone = argument;
    struct collection collection = {.number = zone->number};

    zm_accounting_visit(add_node, &collection);
    add_counts(shared, &collection);
    return collection.totals;
}

/* Any change meanwhile is worth another look: limits depend on it. */
#define MUCH 2

/* Without those below it. */
static size_t own_sum(const struct zmalloc_zone *zone)
{
    return zm_sum(collect, (void *)zone, MUCH, false);
}

static bool is_within(const struct zmalloc_zone *zone, const struct zmalloc_zone *outer)
{
    while (zone != NULL && zone != outer)
        zone = zone->parent;
    return zone != NULL;
}

size_t zmalloc_zone_used(const struct zmalloc_zone *zone)
{
    size_t used = own_sum(zone);

    if (__atomic_load_n(&zone->children, __ATOMIC_RELAXED) == 0)
        return used;
    for (unsigned i = 1; i < ZM_ZONES; i++)
        if (is_there(&zones[i]) && &zones[i] != zone && is_within(&zones[i], zone))
            used += own_sum(&zones[i]);
    return used;
}

void zm_zone_look(struct zmalloc_zone *zone)
{
    for (; zone != NULL; zone = zone->parent)
        zm_raise(&zone->peak, zmalloc_zone_used(zone));
}

/* ---- Zones ---- */

static bool is_name(const char *name)
{
    size_t length = name != NULL ? strnlen(name, ZM_ZONE_NAME_SIZE) : 0;

    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return false;
    return length > 0 && length < ZM_ZONE_NAME_SIZE;
}

/* Under the lock. */
static void mark_limited(void)
{
    for (unsigned i = 1; i < ZM_ZONES; i++) {
        bool is_limited = false;

        if (!is_there(&zones[i]))
            continue;
        for (const struct zmalloc_zone *zone = &zones[i]; zone != NULL; zone = zone->parent)
            is_limited = is_limited || zmalloc_zone_get_limit(zone) != SIZE_MAX;
        __atomic_store_n(&zones[i].is_limited, is_limited, __ATOMIC_RELAXED);
    }
}

static struct zmalloc_zone *create(const char *name, struct zmalloc_zone *parent)
{
    for (unsigned i = 1; i < ZM_ZONES; i++) {
        struct zmalloc_zone *zone = &zones[i];

        if (is_there(zone))
            continue;
        memset(zone, 0, sizeof *zone);
        zone->number = i;
        zone->parent = parent;
        zone->limit = SIZE_MAX;
        zone->age = ++last_age;
        memcpy(zone->name, name, strlen(name));
        if (parent != NULL)
            __atomic_fetch_add(&parent->children, 1, __ATOMIC_RELAXED);
        __atomic_store_n(&zone->is_there, 1, __ATOMIC_RELEASE);
        mark_limited();
        return zone;
    }
    return NULL;
}

struct zmalloc_zone *zmalloc_zone_create(const char *name, struct zmalloc_zone *parent)
{
    struct zmalloc_zone *zone;

    if (!is_name(name)) {
        errno = EINVAL;
        return NULL;
    }
    lock_changes();
    zone = create(name, parent);
    unlock_changes();
    if (zone == NULL)
        errno = ENOSPC;
    return zone;
}

int zmalloc_zone_destroy(struct zmalloc_zone *zone, size_t *left)
{
    size_t used;
    bool is_busy;

    lock_changes();
    used = zmalloc_zone_used(zone);
    is_busy = used != 0 || zone->children != 0;
    if (!is_busy) {
        if (zone->parent != NULL)
            __atomic_fetch_sub(&zone->parent->children, 1, __ATOMIC_RELAXED);
        __atomic_store_n(&zone->is_there, 0, __ATOMIC_RELEASE);
    }
    unlock_changes();
    if (left != NULL)
        *left = used;
    return zm_result(is_busy ? EBUSY : 0);
}

/* The oldest of those that are younger. */
struct zmalloc_zone *zmalloc_zone_next(const struct zmalloc_zone *zone)
{
    uint64_t after = zone != NULL ? zone->age : 0;
    struct zmalloc_zone *next = NULL;

    for (unsigned i = 1; i < ZM_ZONES; i++)
        if (is_there(&zones[i]) && zones[i].age > after &&
            (next == NULL || zones[i].age < next->age))
            next = &zones[i];
    return next;
}

const char *zmalloc_zone_name(const struct zmalloc_zone *zone)
{
    return zone->name;
}

struct zmalloc_zone *zmalloc_zone_parent(const struct zmalloc_zone *zone)
{
    return zone->parent;
}

size_t zmalloc_zone_peak(struct zmalloc_zone *zone)
{
    zm_zone_look(zone);
    return __atomic_load_n(&zone->peak, __ATOMIC_RELAXED);
}

/* As zmalloc_reset_peak(): what another thread sees in between must stay. */
void zmalloc_zone_reset_peak(struct zmalloc_zone *zone)
{
    __atomic_store_n(&zone->peak, 0, __ATOMIC_SEQ_CST);
    zm_zone_look(zone);
}

int zmalloc_zone_set_limit(struct zmalloc_zone *zone, size_t bytes)
{
    if (!zm_is_limit(bytes))
        return zm_result(EINVAL);
    lock_changes();
    __atomic_store_n(&zone->limit, bytes, __ATOMIC_RELAXED);
    mark_limited();
    unlock_changes();
    return 0;
}

size_t zmalloc_zone_get_limit(const struct zmalloc_zone *zone)
{
    return __atomic_load_n(&zone->limit, __ATOMIC_RELAXED);
}

void zm_zone_figures(struct zmalloc_zone *zone, struct zm_zone_figures *figures)
{
    /* Once: the zone may be destroyed meanwhile, and another be created in its place. */
    const struct zmalloc_zone *parent = __atomic_load_n(&zone->parent, __ATOMIC_RELAXED);
    size_t used = zmalloc_zone_used(zone);

    zm_raise(&zone->peak, used);
    *figures = (struct zm_zone_figures){
        .number = zone->number,
        .name = zone->name,
        .parent = parent != NULL ? parent->name : NULL,
        .used = used,
        .peak = zmalloc_zone_peak(zone),
        .limit = zmalloc_zone_get_limit(zone),
    };
}

const char *zm_zone_name(unsigned number)
{
    return number != 0 ? zones[number].name : NULL;
}

bool zm_zone_exists(unsigned number)
{
    return is_there(&zones[number]);
}

/* ---- The window ---- */

void zm_zone_show(volatile uint64_t *entry)
{
    entry[ZM_WINDOW_ZONES] = zm_window_address(zones);
    entry[ZM_WINDOW_ZONE_COUNT] = ZM_ZONES;
    entry[ZM_WINDOW_ZONE_SIZE] = sizeof(struct zmalloc_zone);
    entry[ZM_WINDOW_ZONE_IS_THERE] = offsetof(struct zmalloc_zone, is_there);
    entry[ZM_WINDOW_ZONE_PARENT] = offsetof(struct zmalloc_zone, parent);
    entry[ZM_WINDOW_ZONE_LIMIT] = offsetof(struct zmalloc_zone, limit);
    entry[ZM_WINDOW_ZONE_PEAK] = offsetof(struct zmalloc_zone, peak);
    entry[ZM_WINDOW_ZONE_AGE] = offsetof(struct zmalloc_zone, age);
    entry[ZM_WINDOW_ZONE_NAME] = offsetof(struct zmalloc_zone, name);
    entry[ZM_WINDOW_ZONE_NAME_SIZE] = ZM_ZONE_NAME_SIZE;
    entry[ZM_WINDOW_SHARED_COUNTS] = zm_window_address(shared);
    entry[ZM_WINDOW_COUNTS_SIZE] = sizeof(struct zm_zone_counts);
    entry[ZM_WINDOW_COUNTS_ALLOCATED] = offsetof(struct zm_zone_counts, allocated);
    entry[ZM_WINDOW_COUNTS_FREED] = offsetof(struct zm_zone_counts, freed);
}
