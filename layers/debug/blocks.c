/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The table of blocks by address, with a chain for each bucket, about one block long. It takes its
 * memory from the system, grows, and reuses the memory of blocks that are gone.
 */

#include <sys/mman.h>

#include "debug.h"
#include "layer.h"
#include "layer_lock.h"

#define FIRST_BUCKETS ((size_t)1 << 12)
#define RECORDS_AT_ONCE ((size_t)1000)

static struct zm_debug_block **buckets;
static size_t bucket_count; /* a power of two */
static size_t block_count;

static struct zm_debug_block *unused;

/* The quarantine: a queue. */
static struct zm_debug_block *oldest;
static struct zm_debug_block *newest;
static size_t bytes_kept;

/* All that a block in quarantine keeps from being used again. */
static size_t cost_of(const struct zm_debug_block *block)
{
    return block->head + zm_layer_usable(block->size) + zm_debug_options.canary + sizeof *block;
}

static struct zm_debug_block **bucket_of(uintptr_t address)
{
    uint64_t mixed = (uint64_t)(address / ZM_DEBUG_ALIGNMENT) * UINT64_C(0x9e3779b97f4a7c15);

    return &buckets[(size_t)(mixed >> 32) & (bucket_count - 1)];
}

/* Where the pointer to the block is, or would be. */
static struct zm_debug_block **look_up(uintptr_t address)
{
    struct zm_debug_block **at = bucket_of(address);

    while (*at != NULL && (*at)->address != address)
        at = &(*at)->next;
    return at;
}

static struct zm_debug_block **map_buckets(size_t count)
{
    return zm_leaf_map(count * sizeof(struct zm_debug_block *));
}

bool zm_debug_blocks_start(void)
{
    if (buckets == NULL) {
        buckets = map_buckets(FIRST_BUCKETS);
        bucket_count = buckets != NULL ? FIRST_BUCKETS : 0;
    }
    return buckets != NULL;
}

/* Without memory the chains get longer. */
static void grow(void)
{
    struct zm_debug_block **old = buckets;
    struct zm_debug_block **grown = map_buckets(2 * bucket_count);

    if (grown == NULL)
        return;
    buckets = grown;
    bucket_count *= 2;
    for (size_t i = 0; i < bucket_count / 2; i++)
        for (struct zm_debug_block *block = old[i], *next; block != NULL; block = next) {
            struct zm_debug_block **bucket = bucket_of(block->address);

            next = block->next;
            block->next = *bucket;
            *bucket = block;
        }
    munmap(old, bucket_count / 2 * sizeof *old);
}

static void give_record_back(struct zm_debug_block *record)
{
    record->next = unused;
    unused = record;
}

static struct zm_debug_block *take_record(void)
{
    struct zm_debug_block *record = unused;

    if (record == NULL) {
        struct zm_debug_block *more = zm_leaf_map(RECORDS_AT_ONCE * sizeof *more);

        for (size_t i = 0; more != NULL && i < RECORDS_AT_ONCE; i++)
            give_record_back(&more[i]);
        record = unused;
    }
    if (record != NULL)
        unused = record->next;
    return record;
}

bool zm_debug_blocks_add(const struct zm_debug_block *block)
{
    struct zm_debug_block *record;

    zm_leaf_lock();
    record = take_record();
    if (record != NULL) {
        struct zm_debug_block **bucket;

        if (++block_count > bucket_count)
            grow();
        bucket = bucket_of(block->address);
        *record = *block;
        record->next = *bucket;
        *bucket = record;
    }
    zm_leaf_unlock();
    return record != NULL;
}

bool zm_debug_blocks_find(const void *ptr, struct zm_debug_block *block)
{
    const struct zm_debug_block *found;

    zm_leaf_lock();
    found = *look_up((uintptr_t)ptr);
    if (found != NULL)
        *block = *found;
    zm_leaf_unlock();
    return found != NULL;
}

bool zm_debug_blocks_take(const void *ptr, zm_stack_number freed_at, struct zm_debug_block *block)
{
    struct zm_debug_block *found;

    zm_leaf_lock();
    found = *look_up((uintptr_t)ptr);
    if (found != NULL) {
        *block = *found;
        if (found->state == ZM_DEBUG_LIVE) {
            found->state = ZM_DEBUG_FREEING;
            found->freed_at = freed_at;
        }
    }
    zm_leaf_unlock();
    return found != NULL;
}

bool zm_debug_blocks_change(const void *ptr, struct zm_debug_block *block,
                            void (*change)(struct zm_debug_block *block, void *argument),
                            void *argument)
{
    struct zm_debug_block *found;

    zm_leaf_lock();
    found = *look_up((uintptr_t)ptr);
    if (found != NULL) {
        *block = *found;
        if (found->state == ZM_DEBUG_LIVE)
            change(found, argument);
    }
    zm_leaf_unlock();
    return found != NULL;
}

static void queue_last(struct zm_debug_block *block)
{
    block->newer = NULL;
    if (newest != NULL)
        newest->newer = block;
    else
        oldest = block;
    newest = block;
}

static void queue_first(struct zm_debug_block *block)
{
    block->newer = oldest;
    oldest = block;
    if (newest == NULL)
        newest = block;
}

/* A block larger than the whole quarantine does not push out the others. */
void zm_debug_blocks_keep(const void *ptr)
{
    struct zm_debug_block *block;

    zm_leaf_lock();
    block = *look_up((uintptr_t)ptr);
    block->state = ZM_DEBUG_KEPT;
    if (cost_of(block) > zm_debug_options.quarantine)
        queue_first(block);
    else
        queue_last(block);
    bytes_kept += cost_of(block);
    zm_leaf_unlock();
}

static void leave_quarantine(void)
{
    bytes_kept -= cost_of(oldest);
    oldest = oldest->newer;
    if (oldest == NULL)
        newest = NULL;
}

static void remove_record(struct zm_debug_block *record)
{
    *look_up(record->address) = record->next;
    block_count--;
    give_record_back(record);
}

bool zm_debug_blocks_forget(size_t limit, struct zm_debug_block *block)
{
    struct zm_debug_block *leaving = NULL;

    zm_leaf_lock();
    if (bytes_kept > limit) {
        leaving = oldest;
        *block = *leaving;
        leave_quarantine();
        remove_record(leaving);
    }
    zm_leaf_unlock();
    return leaving != NULL;
}

void zm_debug_blocks_each(bool (*visit)(const struct zm_debug_block *block, void *argument),
                          void *argument)
{
    for (size_t i = 0; i < bucket_count; i++)
        for (const struct zm_debug_block *block = buckets[i]; block != NULL; block = block->next)
            if (!visit(block, argument))
                return;
}

struct search {
    uintptr_t address;
    struct zm_debug_block *result;
    bool found;
};

static bool look_whether_around(const struct zm_debug_block *block, void *argument)
{
    struct search *search = argument;

    search->found = search->address - (block->address - block->head) <
                    block->head + zm_layer_usable(block->size) + zm_debug_options.canary;
    if (search->found)
        *search->result = *block;
    return !search->found;
}

bool zm_debug_blocks_find_around(const void *ptr, struct zm_debug_block *block)
{
    struct search search = {.address = (uintptr_t)ptr, .result = block};

    zm_leaf_lock();
    zm_debug_blocks_each(look_whether_around, &search);
    zm_leaf_unlock();
    return search.found;
}
