/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The sums over the counters of another process, as src/accounting.c and src/zone.c take them in
 * their own. The process runs on meanwhile, which changes nothing: they have no locks either.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "../../src/sum.h"
#include "../verb.h"
#include "process.h"

/* More than any process has; what is read might be nonsense. */
#define SLABS_MAX 10000
#define SLAB_SIZE_MAX ((size_t)1 << 20)

/* A thread that ends takes its source along while it is read. */
#define TRIES 100

struct reader {
    pid_t pid;
    const uint64_t *entry;
    int error;
};

static size_t word(const unsigned char *bytes, uint64_t offset)
{
    size_t value;

    memcpy(&value, bytes + offset, sizeof value);
    return value;
}

static unsigned number(const unsigned char *bytes, uint64_t offset)
{
    unsigned value;

    memcpy(&value, bytes + offset, sizeof value);
    return value;
}

static bool read_bytes(struct reader *reader, uint64_t address, void *to, size_t size)
{
    if (reader->error == 0)
        reader->error = process_read(reader->pid, address, to, size);
    return reader->error == 0;
}

/* ---- Nodes ---- */

struct node {
    uint64_t address;
    const unsigned char *bytes;
};

/* The function returns 0 or an errno value. */
typedef int visit_node(struct reader *reader, const struct node *node, void *argument);

static void visit_slab(struct reader *reader, uint64_t slab, size_t used, visit_node *function,
                       void *argument)
{
    uint64_t nodes = slab + reader->entry[ZM_WINDOW_SLAB_NODES];
    size_t size = reader->entry[ZM_WINDOW_NODE_SIZE];
    unsigned char *bytes = allocate(used, size);

    if (read_bytes(reader, nodes, bytes, used * size))
        for (size_t i = 0; i < used && reader->error == 0; i++)
            reader->error =
                function(reader, &(struct node){nodes + i * size, bytes + i * size}, argument);
    free(bytes);
}

static void visit_nodes(struct reader *reader, visit_node *function, void *argument)
{
    size_t size = reader->entry[ZM_WINDOW_NODE_SIZE];
    size_t slab = 0;

    read_bytes(reader, reader->entry[ZM_WINDOW_SLABS], &slab, sizeof slab);
    for (size_t slabs = 0; slab != 0 && reader->error == 0; slabs++) {
        unsigned used = 0;

        read_bytes(reader, slab + reader->entry[ZM_WINDOW_SLAB_USED], &used, sizeof used);
        if (slabs == SLABS_MAX || used > SLAB_SIZE_MAX / size)
            reader->error = EPROTO;
        if (reader->error == 0)
            visit_slab(reader, slab, used, function, argument);
        read_bytes(reader, slab + reader->entry[ZM_WINDOW_SLAB_NEXT], &slab, sizeof slab);
    }
}

/* ---- Counters of a node ---- */

static bool has_source(const struct reader *reader, const unsigned char *node)
{
    return number(node, reader->entry[ZM_WINDOW_NODE_HAS_SOURCE]) != 0;
}

/* Whether the counters of the node are where they were; the node has had the same source in between. */
static bool is_same_source(const struct reader *reader, const unsigned char *before,
                           const unsigned char *after)
{
    static const enum zm_window_entry members[] = {
        ZM_WINDOW_SOURCE_ALLOCATED_AT,
        ZM_WINDOW_SOURCE_FREED_AT,
        ZM_WINDOW_SOURCE_ALLOCATED_BASE,
        ZM_WINDOW_SOURCE_FREED_BASE,
    };

    if (has_source(reader, before) != has_source(reader, after))
        return false;
    for (size_t i = 0; has_source(reader, after) && i < sizeof members / sizeof *members; i++)
        if (word(before, reader->entry[members[i]]) != word(after, reader->entry[members[i]]))
            return false;
    return true;
}

static struct iovec part(uint64_t address, size_t size)
{
    return (struct iovec){(void *)(uintptr_t)address, size};
}

/* The counters that the node leads to, and then the node once more. The parts are read one after the
 * other, in one call: with many threads the calls are what takes time. */
static int read_through(const struct reader *reader, const struct node *node,
                        const unsigned char *before, struct zm_totals *totals, unsigned char *after)
{
    const uint64_t *entry = reader->entry;
    size_t size = entry[ZM_WINDOW_NODE_SIZE];
    size_t freed = 0;
    size_t allocated = 0;
    struct iovec local[] = {{&freed, sizeof freed}, {&allocated, sizeof allocated}, {after, size}};
    struct iovec remote[] = {
        part(word(before, entry[ZM_WINDOW_SOURCE_FREED_AT]), sizeof freed),
        part(word(before, entry[ZM_WINDOW_SOURCE_ALLOCATED_AT]), sizeof allocated),
        part(node->address, size),
    };
    ssize_t whole = (ssize_t)(sizeof freed + sizeof allocated + size);
    ssize_t done = process_vm_readv(reader->pid, local, 3, remote, 3, 0);

    totals->freed = freed + word(before, entry[ZM_WINDOW_SOURCE_FREED_BASE]);
    totals->allocated = allocated + word(before, entry[ZM_WINDOW_SOURCE_ALLOCATED_BASE]);
    if (done == whole)
        return 0;
    /* The thread has ended, or the memory is nonsense. */
    return process_read(reader->pid, node->address, after, size) != 0 ? ESRCH : EFAULT;
}

/* A source goes after its counts have moved into the node, so they are read after it was seen to be
 * gone. */
static int read_itself(const struct reader *reader, const struct node *node,
                       struct zm_totals *totals, unsigned char *after)
{
    const uint64_t *entry = reader->entry;
    int error = process_read(reader->pid, node->address, after, entry[ZM_WINDOW_NODE_SIZE]);

    totals->freed = word(after, entry[ZM_WINDOW_NODE_FREED]);
    totals->allocated = word(after, entry[ZM_WINDOW_NODE_ALLOCATED]);
    return error;
}

static int read_node(const struct reader *reader, const struct node *node, struct zm_totals *totals)
{
    size_t size = reader->entry[ZM_WINDOW_NODE_SIZE];
    unsigned char before[STRUCTURE_SIZE_MAX];
    unsigned char after[STRUCTURE_SIZE_MAX];
    int error = EBUSY;

    memcpy(before, node->bytes, size);
    for (int tries = 0; tries < TRIES && error != ESRCH; tries++) {
        error = has_source(reader, before) ? read_through(reader, node, before, totals, after)
                                           : read_itself(reader, node, totals, after);
        if (error == 0 && is_same_source(reader, before, after))
            return 0;
        memcpy(before, after, size);
    }
    return error != 0 ? error : EBUSY;
}

/* ---- Sums over nodes ---- */

/* If the allocator does not count, no node ever has a source. */
static int add_node(struct reader *reader, const struct node *node, void *argument)
{
    const uint64_t *entry = reader->entry;
    struct zm_totals *totals = argument;
    struct zm_totals own = {
        .freed = word(node->bytes, entry[ZM_WINDOW_NODE_FREED]),
        .allocated = word(node->bytes, entry[ZM_WINDOW_NODE_ALLOCATED]),
    };
    int error = 0;

    if (entry[ZM_WINDOW_COUNTS_BY_ITSELF] != 0 || has_source(reader, node->bytes))
        error = read_node(reader, node, &own);
    totals->freed += own.freed;
    totals->allocated += own.allocated;
    return error;
}

static struct zm_totals collect(void *argument)
{
    struct zm_totals totals = {0};

    visit_nodes(argument, add_node, &totals);
    return totals;
}

#define MUCH ((size_t)64 << 10)

int counters_used(pid_t pid, const struct zm_window *window, uint64_t *used)
{
    struct reader reader = {.pid = pid, .entry = window->entry};

    *used = zm_sum(collect, &reader, MUCH, true);
    return reader.error;
}

static int count_taken(struct reader *reader, const struct node *node, void *argument)
{
    uint64_t *threads = argument;

    *threads += number(node->bytes, reader->entry[ZM_WINDOW_NODE_TAKEN]) != 0;
    return 0;
}

/* One node is shared by threads that have no other. */
int counters_threads(pid_t pid, const struct zm_window *window, uint64_t *threads)
{
    struct reader reader = {.pid = pid, .entry = window->entry};

    *threads = 0;
    visit_nodes(&reader, count_taken, threads);
    if (*threads > 0)
        --*threads;
    return reader.error;
}

/* ---- Zones: as zm_sum(), for all of them at once ---- */

struct collection {
    const uint64_t *entry;
    unsigned char *counts; /* of a node */
    size_t size;
    size_t zones;
    struct zm_totals *totals;
};

static void add_counts(const struct collection *collection)
{
    const uint64_t *entry = collection->entry;

    for (size_t i = 0; i < collection->zones; i++) {
        const unsigned char *counts = collection->counts + i * entry[ZM_WINDOW_COUNTS_SIZE];

        collection->totals[i].freed += word(counts, entry[ZM_WINDOW_COUNTS_FREED]);
        collection->totals[i].allocated += word(counts, entry[ZM_WINDOW_COUNTS_ALLOCATED]);
    }
}

static int add_zones(struct reader *reader, const struct node *node, void *argument)
{
    const struct collection *collection = argument;
    size_t array = word(node->bytes, reader->entry[ZM_WINDOW_NODE_ZONES]);
    int error;

    if (array == 0)
        return 0;
    error = process_read(reader->pid, array, collection->counts, collection->size);
    if (error == 0)
        add_counts(collection);
    return error;
}

static void collect_zones(struct reader *reader, struct zm_totals *totals, size_t zones)
{
    struct collection collection = {
        .entry = reader->entry,
        .size = zones * reader->entry[ZM_WINDOW_COUNTS_SIZE],
        .zones = zones,
        .totals = totals,
    };

    memset(totals, 0, zones * sizeof *totals);
    collection.counts = allocate(1, collection.size);
    if (read_bytes(reader, reader->entry[ZM_WINDOW_SHARED_COUNTS], collection.counts,
                   collection.size)) {
        add_counts(&collection);
        visit_nodes(reader, add_zones, &collection);
    }
    free(collection.counts);
}

static void keep_least(size_t *used, const struct zm_totals *first, const struct zm_totals *second,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t sum = zm_difference(second[i].allocated, first[i].freed, true);

        if (sum < used[i])
            used[i] = sum;
    }
}

int counters_zones(pid_t pid, const struct zm_window *window, size_t *used, size_t count)
{
    struct reader reader = {.pid = pid, .entry = window->entry};
    struct zm_totals *first = allocate(count, sizeof *first);
    struct zm_totals *second = allocate(count, sizeof *second);
    bool is_same = false;

    memset(used, 0xff, count * sizeof *used);
    collect_zones(&reader, first, count);
    for (int looks = 0; looks < ZM_SUM_LOOKS_MAX && !is_same && reader.error == 0; looks++) {
        collect_zones(&reader, second, count);
        keep_least(used, first, second, count);
        is_same = memcmp(first, second, count * sizeof *first) == 0;
        memcpy(first, second, count * sizeof *first);
    }
    free(first);
    free(second);
    return reader.error;
}
