/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What is in use, added up by the place where it was allocated. The places are sorted as a list, by
 * merging, because there may be a million of them and no memory left.
 */

#include <unistd.h>

#include "debug.h"
#include "layer.h"
#include "layer_lock.h"
#include "message.h"

/* ---- Adding up ---- */

static void use(struct zm_stack_use *use, size_t blocks, size_t bytes)
{
    use->blocks += blocks;
    use->bytes += bytes;
}

static bool add_up(const struct zm_debug_block *block, void *argument)
{
    if (block->state == ZM_DEBUG_LIVE) {
        use(argument, 1, zm_layer_usable(block->size));
        use(zm_stack_use(block->allocated_at), 1, zm_layer_usable(block->size));
    }
    return true;
}

/* ---- Sorting: lists of places, each by its number plus 1, since 0 is one of them ---- */

static zm_stack_number *next_of(zm_stack_number entry)
{
    return &zm_stack_use(entry - 1)->next;
}

static size_t bytes_of(zm_stack_number entry)
{
    return zm_stack_use(entry - 1)->bytes;
}

/* Most bytes first; of equal ones, those of the first list. */
static zm_stack_number merge(zm_stack_number first, zm_stack_number second)
{
    zm_stack_number merged = 0;
    zm_stack_number *end = &merged;

    while (first != 0 && second != 0) {
        zm_stack_number *from = bytes_of(second) > bytes_of(first) ? &second : &first;

        *end = *from;
        end = next_of(*from);
        *from = *end;
    }
    *end = first != 0 ? first : second;
    return merged;
}

/* List number n has 2^n places or is empty; new places go into the first lists. */
#define LISTS 32

static void add_to(zm_stack_number lists[LISTS], zm_stack_number entry)
{
    size_t i = 0;

    *next_of(entry) = 0;
    for (; lists[i] != 0; i++) {
        entry = merge(lists[i], entry);
        lists[i] = 0;
    }
    lists[i] = entry;
}

static zm_stack_number sort(void)
{
    zm_stack_number lists[LISTS] = {0};
    zm_stack_number sorted = 0;

    for (zm_stack_number number = 0; number <= zm_stacks_count(); number++)
        if (zm_stack_use(number)->blocks > 0)
            add_to(lists, number + 1);
    for (size_t i = 0; i < LISTS; i++)
        sorted = merge(lists[i], sorted);
    return sorted;
}

/* ---- Telling ---- */

static void append_use(struct zm_message *message, const struct zm_stack_use *use)
{
    zm_message_decimal(message, use->bytes);
    zm_message_text(message, use->bytes == 1 ? " byte in " : " bytes in ");
    zm_message_decimal(message, use->blocks);
    zm_message_text(message, use->blocks == 1 ? " block" : " blocks");
}

static void tell_total(const struct zm_stack_use *total)
{
    struct zm_message message = {0};

    zm_message_text(&message, "debug: process ");
    zm_message_decimal(&message, (size_t)getpid());
    zm_message_text(&message, " exits with ");
    append_use(&message, total);
    zm_message_text(&message, " in use");
    zm_message_send(&message);
}

static void tell_place(zm_stack_number number)
{
    struct zm_message message = {0};

    zm_message_text(&message, "debug: in use: ");
    append_use(&message, zm_stack_use(number));
    zm_message_stack(&message, ", allocated at", number);
    zm_message_send(&message);
}

/* Not under the lock: whoever reads the output may be slow. No other thread adds up or sorts. */
void zm_debug_report_leaks(void)
{
    struct zm_stack_use total = {0};
    zm_stack_number entry;

    zm_leaf_lock();
    zm_debug_blocks_each(add_up, &total);
    entry = sort();
    zm_leaf_unlock();
    tell_total(&total);
    for (; entry != 0; entry = *next_of(entry))
        tell_place(entry - 1);
}
