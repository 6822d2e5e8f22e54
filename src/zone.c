/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Zones: named accounts that a program gives its blocks to.
 *
 * A zone is counted as everything is (accounting.c): each thread has two counters for each zone that
 * only grow, and the sum over all threads is what is in use. The counters lie beside the thread's
 * node, in a page that is mapped when a thread first uses a zone, and stay with the node. So a zone
 * needs no lock and no shared counter.
 *
 * A zone is created only when its sum is 0, so it can have the place of one that was destroyed.
 *
 * A zone with a limit, of its own or of one above it, takes the sum for each request. Requests are
 * announced before, as in limit.c, so that two threads cannot take the same room.
 */

#include "zone.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#include "accounting.h"
#include "limit.h"
#include "peak.h"
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
    for (unsigned i = 1; i < ZM_ZONES; i++)
        __atomic_store_n(&zones[i].pending, 0, __ATOMIC_RELAXED);
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

static void look(struct zmalloc_zone *zone);

void zm_zone_look(struct zmalloc_zone *zone, struct zm_zone_counts *counts)
{
    counts->seen = counts->allocated;
    look(zone);
}

void zm_zone_count(struct zmalloc_zone *zone, size_t allocated, size_t freed)
{
    struct zm_zone_counts *counts = own_counts();

    if (ZM_UNLIKELY(counts == NULL)) {
        __atomic_fetch_add(&shared[zone->number].allocated, allocated, __ATOMIC_RELEASE);
        __atomic_fetch_add(&shared[zone->number].freed, freed, __ATOMIC_RELEASE);
        if (allocated > freed)
            look(zone);
        return;
    }
    counts += zone->number;
    zm_counter_add(&counts->freed, freed);
    zm_zone_count_allocated(zone, counts, allocated);
}

static size_t counter_read(const zm_counter *counter)
{
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

struct sum {
    unsigned number;
    size_t freed;
    size_t allocated;
};

static void add_freed(const struct zm_node *node, void *argument)
{
    const struct zm_zone_counts *counts = counts_of(node);
    struct sum *sum = argument;

    if (counts != NULL)
        sum->freed += counter_read(&counts[sum->number].freed);
}

static void add_allocated(const struct zm_node *node, void *argument)
{
    const struct zm_zone_counts *counts = counts_of(node);
    struct sum *sum = argument;

    if (counts != NULL)
        sum->allocated += counter_read(&counts[sum->number].allocated);
}

static size_t all_freed(unsigned number)
{
    struct sum sum = {.number = number, .freed = counter_read(&shared[number].freed)};

    zm_accounting_visit(add_freed, &sum);
    return sum.freed;
}

static size_t all_allocated(unsigned number)
{
    struct sum sum = {.number = number, .allocated = counter_read(&shared[number].allocated)};

    zm_accounting_visit(add_allocated, &sum);
    return sum.allocated;
}

#define LOOKS_MAX 5

/* Without those below it. As in accounting.c, all that was freed is read first, and if anything was
 * freed meanwhile the least of several sums counts. */
static size_t own_sum(const struct zmalloc_zone *zone)
{
    size_t freed = all_freed(zone->number);
    size_t least = SIZE_MAX;

    for (unsigned looks = 0; looks < LOOKS_MAX; looks++) {
        size_t used = all_allocated(zone->number) - freed;
        size_t freed_now = all_freed(zone->number);

        if (used < least)
            least = used;
        if (freed_now == freed)
            break;
        freed = freed_now;
    }
    return least;
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

static void look(struct zmalloc_zone *zone)
{
    for (; zone != NULL; zone = zone->parent)
        zm_raise(&zone->peak, zmalloc_zone_used(zone));
}

/* ---- Limits ---- */

static size_t limit_of(const struct zmalloc_zone *zone)
{
    return __atomic_load_n(&zone->limit, __ATOMIC_RELAXED);
}

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
    size_t limit = limit_of(zone);
    size_t used = limit != SIZE_MAX ? zmalloc_zone_used(zone) : 0;

    if (zm_leaves_room(limit, used, announced))
        return GRANTED;
    return zm_leaves_room(limit, used, size) ? WAITING : REFUSED;
}

/* As in limit.c: what waits is not announced. */
static enum answer wait_in(const struct zmalloc_zone *zone, size_t size)
{
    size_t limit = limit_of(zone);
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
    for (;;) { /* GCOVR_EXCL_LINE: once more, after it has waited for another thread */
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
    look(zone);
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
            is_limited = is_limited || limit_of(zone) != SIZE_MAX;
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

/* The youngest that is older than none between. */
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
    look(zone);
    return __atomic_load_n(&zone->peak, __ATOMIC_RELAXED);
}

void zmalloc_zone_reset_peak(struct zmalloc_zone *zone)
{
    __atomic_store_n(&zone->peak, zmalloc_zone_used(zone), __ATOMIC_RELAXED);
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
    return limit_of(zone);
}

void zm_zone_figures(struct zmalloc_zone *zone, struct zm_zone_figures *figures)
{
    *figures = (struct zm_zone_figures){
        .number = zone->number,
        .name = zone->name,
        .parent = zone->parent != NULL ? zone->parent->name : NULL,
        .used = zmalloc_zone_used(zone),
        .peak = zmalloc_zone_peak(zone),
        .limit = limit_of(zone),
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
