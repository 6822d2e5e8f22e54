/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The sums over the counters of another process, as src/accounting.c and src/zone.c take them in
 * their own. The process runs on meanwhile, which changes nothing: they have no locks either.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* Which of the two, in the node and in its source. */
struct kind {
    enum zm_window_entry in_node;
    enum zm_window_entry at;
    enum zm_window_entry base;
};

static const struct kind allocated_kind = {
    ZM_WINDOW_NODE_ALLOCATED,
    ZM_WINDOW_SOURCE_ALLOCATED_AT,
    ZM_WINDOW_SOURCE_ALLOCATED_BASE,
};
static const struct kind freed_kind = {
    ZM_WINDOW_NODE_FREED,
    ZM_WINDOW_SOURCE_FREED_AT,
    ZM_WINDOW_SOURCE_FREED_BASE,
};

static bool has_source(const struct reader *reader, const unsigned char *node)
{
    return number(node, reader->entry[ZM_WINDOW_NODE_HAS_SOURCE]) != 0;
}

static int read_through(const struct reader *reader, const unsigned char *node,
                        const struct kind *kind, size_t *value)
{
    size_t counter = 0;
    int error =
        process_read(reader->pid, word(node, reader->entry[kind->at]), &counter, sizeof counter);

    *value = counter + word(node, reader->entry[kind->base]);
    return error;
}

/* Whether the node has the same source now: then it has had it in between. */
static bool is_same_source(const struct reader *reader, const unsigned char *before,
                           const unsigned char *after)
{
    const uint64_t *entry = reader->entry;

    return has_source(reader, after) &&
           word(before, entry[ZM_WINDOW_SOURCE_ALLOCATED_AT]) ==
               word(after, entry[ZM_WINDOW_SOURCE_ALLOCATED_AT]) &&
           word(before, entry[ZM_WINDOW_SOURCE_ALLOCATED_BASE]) ==
               word(after, entry[ZM_WINDOW_SOURCE_ALLOCATED_BASE]) &&
           word(before, entry[ZM_WINDOW_SOURCE_FREED_BASE]) ==
               word(after, entry[ZM_WINDOW_SOURCE_FREED_BASE]);
}

static int node_counter(const struct reader *reader, const struct node *node,
                        const struct kind *kind, size_t *value)
{
    size_t size = reader->entry[ZM_WINDOW_NODE_SIZE];
    unsigned char before[STRUCTURE_SIZE_MAX];
    unsigned char after[STRUCTURE_SIZE_MAX];
    int error = 0;

    memcpy(before, node->bytes, size);
    for (int tries = 0; tries < TRIES && error == 0; tries++) {
        int through;

        if (!has_source(reader, before)) {
            *value = word(before, reader->entry[kind->in_node]);
            return 0;
        }
        through = read_through(reader, before, kind, value);
        error = process_read(reader->pid, node->address, after, size);
        if (error == 0 && is_same_source(reader, before, after))
            return through;
        memcpy(before, after, size);
    }
    return error != 0 ? error : EBUSY;
}

/* ---- Sums over nodes ---- */

static int add_node(struct reader *reader, const struct node *node, void *argument)
{
    struct zm_totals *totals = argument;
    size_t freed = 0;
    size_t allocated = 0;
    int error = node_counter(reader, node, &freed_kind, &freed);

    if (error == 0)
        error = node_counter(reader, node, &allocated_kind, &allocated);
    totals->freed += freed;
    totals->allocated += allocated;
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
