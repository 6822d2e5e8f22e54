/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A finding is reported in one line, then the process ends with SIGABRT:
 *
 *   debug: CALL 0xPTR: WHAT; block of N bytes, allocated at PLACE, freed at PLACE; now at PLACE
 *
 * Nothing here needs memory, and the lock is not held.
 */

#include <stdlib.h>
#include <string.h>

#include "debug.h"
#include "layer_lock.h"
#include "message.h"
#include "os/unwind.h"
#include "zone.h"

/* No block begins below. */
#define LOWEST_ADDRESS 4096

static void append_call(struct zm_message *message, const struct zm_debug_call *call)
{
    zm_message_text(message, "debug: ");
    zm_message_text(message, call->name);
    zm_message_text(message, " ");
    zm_message_pointer(message, call->ptr);
    zm_message_text(message, ": ");
}

static void append_block(struct zm_message *message, const struct zm_debug_block *block)
{
    zm_message_text(message, "; block of ");
    zm_message_decimal(message, block->size);
    zm_message_stack(message, " bytes, allocated at", block->allocated_at);
    if (block->state != ZM_DEBUG_LIVE)
        zm_message_stack(message, ", freed at", block->freed_at);
}

static _Noreturn void send_and_abort(struct zm_message *message)
{
    zm_message_stack_here(message, "; now at", zm_debug_options.frames);
    zm_message_send(message);
    abort();
}

static void append_damage(struct zm_message *message, struct zm_debug_damage damage)
{
    zm_message_text(message, "byte ");
    zm_message_decimal(message, damage.distance);
    if (damage.place == ZM_DEBUG_BEFORE)
        zm_message_text(message, " before its start");
    else if (damage.place == ZM_DEBUG_AFTER)
        zm_message_text(message, " past its end");
    zm_message_text(message, " is ");
    zm_message_pointer(message, (const void *)(uintptr_t)damage.byte);
}

static const char *name_of_damage(const struct zm_debug_block *block, enum zm_debug_place place)
{
    if (block->state != ZM_DEBUG_LIVE)
        return "written after free: ";
    return place == ZM_DEBUG_BEFORE ? "underflow: " : "overflow: ";
}

void zm_debug_die_of_damage(const struct zm_debug_call *call, const struct zm_debug_block *block,
                            struct zm_debug_damage damage)
{
    struct zm_message message = {0};

    append_call(&message, call);
    zm_message_text(&message, name_of_damage(block, damage.place));
    append_damage(&message, damage);
    append_block(&message, block);
    send_and_abort(&message);
}

void zm_debug_die_of_size(const struct zm_debug_call *call, const struct zm_debug_block *block,
                          size_t size)
{
    struct zm_message message = {0};

    append_call(&message, call);
    zm_message_text(&message, "wrong size: ");
    zm_message_decimal(&message, size);
    zm_message_text(&message, " given");
    append_block(&message, block);
    send_and_abort(&message);
}

static void append_zone(struct zm_message *message, unsigned zone)
{
    const char *name = zm_zone_name(zone);

    if (name == NULL) {
        zm_message_text(message, "no zone");
        return;
    }
    zm_message_text(message, "the zone ");
    zm_message_quoted(message, name, strlen(name));
}

void zm_debug_die_of_zone(const struct zm_debug_call *call, const struct zm_debug_block *block,
                          unsigned zone)
{
    struct zm_message message = {0};

    append_call(&message, call);
    zm_message_text(&message, "wrong zone: it is in ");
    append_zone(&message, block->zone);
    zm_message_text(&message, ", given was ");
    append_zone(&message, zone);
    append_block(&message, block);
    send_and_abort(&message);
}

void zm_debug_die_of_no_zone(unsigned zone)
{
    struct zm_message message = {0};

    zm_message_text(&message, "debug: ");
    append_zone(&message, zone);
    zm_message_text(&message, " was destroyed");
    send_and_abort(&message);
}

void zm_debug_die_of_use(const struct zm_debug_call *call, const struct zm_debug_block *block)
{
    struct zm_message message = {0};

    append_call(&message, call);
    zm_message_text(&message, "it was freed before");
    append_block(&message, block);
    send_and_abort(&message);
}

/* ---- Pointers that are no blocks ---- */

struct stack {
    uintptr_t top; /* the stack pointer of the outermost call that was found */
};

static _Unwind_Reason_Code climb(struct _Unwind_Context *context, void *argument)
{
    struct stack *stack = argument;

    stack->top = zm_unwind_cfa(context);
    return _URC_NO_REASON;
}

/* On the stack of the calling thread, in the frame of any of its callers. */
static bool is_on_stack(uintptr_t address)
{
    struct stack stack = {0};
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    zm_leaf_begin_unwinding();
    zm_unwind(climb, &stack);
    zm_leaf_end_unwinding();
    return address > here && address < stack.top;
}

static void append_place(struct zm_message *message, uintptr_t address)
{
    zm_message_text(message, "not a block of zmalloc");
    if (address < LOWEST_ADDRESS) {
        zm_message_text(message, " but next to NULL");
    } else if (is_on_stack(address)) {
        zm_message_text(message, " but on the stack");
    } else {
        zm_message_object(message, " but in ", address);
    }
    if (address % ZM_DEBUG_ALIGNMENT != 0)
        zm_message_text(message, ", misaligned");
}

static void append_byte(struct zm_message *message, uintptr_t address, uintptr_t start)
{
    zm_message_text(message, "byte ");
    zm_message_decimal(message, address < start ? start - address : address - start);
    zm_message_text(message, address < start ? " before" : " of");
    zm_message_text(message, " a block, not its start ");
    zm_message_pointer(message, (const void *)start);
}

void zm_debug_die_of_pointer(const struct zm_debug_call *call)
{
    struct zm_message message = {0};
    struct zm_debug_block block;

    append_call(&message, call);
    if (zm_debug_blocks_find_around(call->ptr, &block)) {
        append_byte(&message, (uintptr_t)call->ptr, block.address);
        append_block(&message, &block);
    } else {
        append_place(&message, (uintptr_t)call->ptr);
    }
    send_and_abort(&message);
}
