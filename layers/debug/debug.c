/* SPDX-License-Identifier: BSD-3-Clause */

/* The operations of the layer debug. */

#include <stdio.h>
#include <string.h>

#include "accounting.h"
#include "debug.h"
#include "layer.h"
#include "message.h"
#include "zone.h"

static const struct zmalloc_backend *below;

static zm_stack_number stack_here(void)
{
    struct zm_stack stack;

    zm_stack_here(&stack, zm_debug_options.frames);
    return zm_stack_keep(&stack);
}

/* ---- Allocating ---- */

/* Whether this is too much to ask below for: what comes before the block counts, too. */
static bool is_too_large(size_t before, size_t size)
{
    return before + size >= ZM_SIZE_LIMIT - below->prefix_size;
}

/* Bytes that a block needs from its first byte on. */
static size_t with_tail(size_t size)
{
    return zm_layer_usable(size) + zm_debug_options.canary;
}

static void *base_of(const struct zm_debug_block *block)
{
    return (void *)(block->address - block->head);
}

/* Makes a block of what below returned; frees it again if there is no memory to remember it. */
static void *make_block(void *base, struct zm_debug_block block)
{
    if (base == NULL)
        return NULL;
    block.address = (uintptr_t)base + block.head;
    block.state = ZM_DEBUG_LIVE;
    block.zone = (unsigned char)zm_thread.zone;
    block.was_nothing = block.size == 0;
    zm_debug_mark(&block);
    if (zm_debug_blocks_add(&block))
        return (void *)block.address;
    below->free(base);
    return NULL;
}

static void check_zone(void)
{
    if (zm_thread.zone != 0 && !zm_zone_exists(zm_thread.zone))
        zm_debug_die_of_no_zone(zm_thread.zone);
}

static void *allocate(size_t size, bool is_zeroed, zm_stack_number site)
{
    size_t head = zm_debug_options.canary;
    size_t total = head + with_tail(size);
    size_t ignored;
    void *base;

    check_zone();
    if (is_too_large(0, total))
        return NULL;
    base = is_zeroed ? below->calloc(total, &ignored) : below->alloc(total, &ignored);
    return make_block(
        base, (struct zm_debug_block){
                  .size = size, .head = head, .allocated_at = site, .is_zeroed = is_zeroed});
}

static void *debug_alloc(size_t size, size_t *usable)
{
    void *ptr = allocate(size, false, stack_here());

    if (ptr != NULL) {
        zm_debug_fill(ptr, size, ZM_DEBUG_FILL_NEW);
        *usable = zm_layer_usable(size);
    }
    return ptr;
}

static void *debug_calloc(size_t size, size_t *usable)
{
    void *ptr = allocate(size, true, stack_here());

    if (ptr != NULL)
        *usable = zm_layer_usable(size);
    return ptr;
}

/* The head is a multiple of the alignment, so the block is aligned, too. */
static void *debug_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    zm_stack_number site = stack_here();
    size_t head = (zm_debug_options.canary + alignment - 1) & ~(alignment - 1);
    size_t total = head + with_tail(size);
    size_t ignored;
    void *ptr;

    check_zone();
    if (is_too_large(alignment, total))
        return NULL;
    ptr = make_block(below->aligned_alloc(alignment, total, &ignored),
                     (struct zm_debug_block){.size = size, .head = head, .allocated_at = site});
    if (ptr != NULL) {
        zm_debug_fill(ptr, size, ZM_DEBUG_FILL_NEW);
        *usable = zm_layer_usable(size);
    }
    return ptr;
}

/* ---- Freeing ---- */

/* Each ends the process if the check fails. */
static void check_is_live(const struct zm_debug_call *call, const struct zm_debug_block *block,
                          bool found)
{
    if (!found)
        zm_debug_die_of_pointer(call);
    if (block->state != ZM_DEBUG_LIVE)
        zm_debug_die_of_use(call, block);
}

static void check_damage(const struct zm_debug_call *call, const struct zm_debug_block *block,
                         struct zm_debug_damage damage)
{
    if (damage.place != ZM_DEBUG_NOWHERE)
        zm_debug_die_of_damage(call, block, damage);
}

/* For a call that must be given the zone of the block. */
static void check(const struct zm_debug_call *call, const struct zm_debug_block *block, bool found)
{
    check_is_live(call, block, found);
    if (block->zone != zm_thread.zone)
        zm_debug_die_of_zone(call, block, zm_thread.zone);
    check_damage(call, block, zm_debug_look_around(block));
}

/* Frees blocks, the oldest first, until at most that many bytes are in quarantine. */
static void shrink_quarantine(size_t limit)
{
    struct zm_debug_block block;

    while (zm_debug_blocks_forget(limit, &block)) {
        struct zm_debug_call call = {"end of quarantine of", (void *)block.address};

        check_damage(&call, &block, zm_debug_look_at_freed(&block));
        below->free(base_of(&block));
    }
}

/*
 * Puts a FREEING block into quarantine. Asking below for the size makes sure that the allocator meets
 * the thread with its first operation: if jemalloc first meets a thread in the last round of its key
 * destructors, the thread's cache stays in a list after the thread (docs/design.md, "The last round").
 */
static void put_away(const struct zm_debug_block *block)
{
    void *ptr = (void *)block->address;

    below->usable_size(base_of(block));
    zm_debug_fill(ptr, block->size, ZM_DEBUG_FILL_FREED);
    zm_debug_blocks_keep(ptr);
    shrink_quarantine(zm_debug_options.quarantine);
}

static struct zm_debug_block take(const struct zm_debug_call *call, zm_stack_number site)
{
    struct zm_debug_block block;
    bool found = zm_debug_blocks_take(call->ptr, site, &block);

    check(call, &block, found);
    return block;
}

static size_t debug_free(void *ptr)
{
    struct zm_debug_call call = {"free of", ptr};
    struct zm_debug_block block = take(&call, stack_here());

    put_away(&block);
    return zm_layer_usable(block.size);
}

/* What was asked for, the usable size, or anything between them. */
static bool is_size_of(const struct zm_debug_block *block, size_t size)
{
    return size == block->size || (block->was_nothing && size <= ZM_SIZE_OF_NOTHING);
}

static size_t debug_free_sized(void *ptr, size_t size)
{
    struct zm_debug_call call = {"free of", ptr};
    struct zm_debug_block block = take(&call, stack_here());

    if (!is_size_of(&block, size))
        zm_debug_die_of_size(&call, &block, size);
    put_away(&block);
    return zm_layer_usable(block.size);
}

/* Always moves, so a stale copy of the old pointer is found. */
static void *debug_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    struct zm_debug_call call = {"realloc of", ptr};
    zm_stack_number site = stack_here();
    struct zm_debug_block old;
    bool found = zm_debug_blocks_find(ptr, &old);
    char *moved;

    check(&call, &old, found);
    moved = allocate(size, false, site);
    if (moved == NULL)
        return NULL;
    memcpy(moved, ptr, size < old.size ? size : old.size);
    if (size > old.size)
        zm_debug_fill(moved + old.size, size - old.size, ZM_DEBUG_FILL_NEW);
    old = take(&call, site);
    put_away(&old);
    *old_usable = zm_layer_usable(old.size);
    *usable = size;
    return moved;
}

/* ---- Telling ---- */

/* Two threads may ask at the same time. */
static void open_nothing(struct zm_debug_block *block, void *argument)
{
    struct zm_debug_damage *damage = argument;

    if (block->size != 0)
        return;
    *damage = zm_debug_look_around(block);
    if (damage->place == ZM_DEBUG_NOWHERE)
        zm_debug_mark_open(block);
}

/* From now on the whole usable size belongs to the caller. */
static size_t debug_usable_size(const void *ptr)
{
    struct zm_debug_call call = {"size of", ptr};
    struct zm_debug_damage damage = {.place = ZM_DEBUG_NOWHERE};
    struct zm_debug_block block;
    bool found = zm_debug_blocks_change(ptr, &block, open_nothing, &damage);

    check_is_live(&call, &block, found);
    check_damage(&call, &block, block.size != 0 ? zm_debug_look_around(&block) : damage);
    return zm_layer_usable(block.size);
}

static size_t debug_good_size(size_t size)
{
    return size;
}

static int debug_purge(void)
{
    shrink_quarantine(0);
    return below->purge != NULL ? below->purge() : ENOTSUP;
}

/* ---- The layer ---- */

static void start_stacks(void)
{
    const char *why = zm_stacks_start();
    struct zm_message message = {0};

    if (why == NULL)
        return;
    zm_message_text(&message, "debug: there will be no call stacks: ");
    zm_message_text(&message, why);
    zm_message_send(&message);
}

/* May be called twice before the first block, over different backends. */
static int debug_cover(const struct zmalloc_backend *backend, struct zmalloc_backend *table,
                       const char *options, char *why)
{
    int error = zm_debug_parse(options, &zm_debug_options, why);

    if (error != 0)
        return error;
    if (!zm_debug_blocks_start()) {
        snprintf(why, ZM_WHY_SIZE, "there is no memory for the table of blocks");
        return ENOMEM;
    }
    if (zm_debug_options.frames > 0)
        start_stacks();
    zm_debug_marks_start(backend->prefix_size);
    zm_debug_exit_start();
    below = backend;
    table->prefix_size = 0;
    table->alloc = debug_alloc;
    table->calloc = debug_calloc;
    table->realloc = debug_realloc;
    table->aligned_alloc = debug_aligned_alloc;
    table->free = debug_free;
    table->free_sized = debug_free_sized;
    table->usable_size = debug_usable_size;
    table->release = NULL;
    table->thread_counters = NULL;
    table->good_size = debug_good_size;
    table->purge = debug_purge;
    table->alloc_no_tcache = NULL;
    table->free_no_tcache = NULL;
    table->worth_moving = NULL;
    return 0;
}

extern const struct zm_layer zm_layer_debug;
const struct zm_layer zm_layer_debug = {
    .name = "debug",
    .variable = "ZMALLOC_DEBUG",
    .cover = debug_cover,
};
