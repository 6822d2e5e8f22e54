/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * At exit: whether all blocks are as they were left, and what is still in use, by site. The
 * destructor runs after the handlers of atexit() and the destructors of the program, of those of
 * its libraries that need this one, and of C++. Other threads may still run.
 */

#include <unistd.h>

#include "debug.h"

static bool is_started;

void zm_debug_exit_start(void)
{
    is_started = true;
}

/* ---- Looking once more ---- */

struct look {
    struct zm_debug_block block;
    struct zm_debug_damage damage;
};

/* A block that is FREEING belongs to a thread, or to one that fork left behind. */
static bool look_at(const struct zm_debug_block *block, void *argument)
{
    struct look *look = argument;

    look->block = *block;
    if (block->state == ZM_DEBUG_LIVE)
        look->damage = zm_debug_look_around(block);
    else if (block->state == ZM_DEBUG_KEPT)
        look->damage = zm_debug_look_at_freed(block);
    return look->damage.place == ZM_DEBUG_NOWHERE;
}

static void check_all(void)
{
    struct look look = {.damage.place = ZM_DEBUG_NOWHERE};

    zm_debug_lock();
    zm_debug_blocks_each(look_at, &look);
    zm_debug_unlock();
    if (look.damage.place != ZM_DEBUG_NOWHERE) {
        struct zm_debug_call call = {"check at exit of", (const void *)look.block.address};

        zm_debug_die_of_damage(&call, &look.block, look.damage);
    }
}

/* ---- Leaks ---- */

static void use(struct zm_debug_use *use, size_t blocks, size_t bytes)
{
    use->blocks += blocks;
    use->bytes += bytes;
}

static bool add_up(const struct zm_debug_block *block, void *argument)
{
    if (block->state == ZM_DEBUG_LIVE) {
        use(argument, 1, block->size);
        use(zm_debug_site_use(block->allocated_at), 1, block->size);
    }
    return true;
}

static void append_use(struct zm_message *message, const struct zm_debug_use *use)
{
    zm_message_decimal(message, use->bytes);
    zm_message_text(message, use->bytes == 1 ? " byte in " : " bytes in ");
    zm_message_decimal(message, use->blocks);
    zm_message_text(message, use->blocks == 1 ? " block" : " blocks");
}

/* Of the sites that were not told yet the one with most bytes; NULL after the last. */
static struct zm_debug_use *largest(zm_debug_site *site)
{
    struct zm_debug_use *most = NULL;

    for (zm_debug_site number = 0; number <= zm_debug_site_count(); number++) {
        struct zm_debug_use *candidate = zm_debug_site_use(number);

        if (candidate->blocks > 0 && (most == NULL || candidate->bytes > most->bytes)) {
            most = candidate;
            *site = number;
        }
    }
    return most;
}

/* Takes it out; false after the last. */
static bool take_largest(struct zm_debug_use *use, zm_debug_site *site)
{
    struct zm_debug_use *most;

    zm_debug_lock();
    most = largest(site);
    if (most != NULL) {
        *use = *most;
        most->blocks = 0;
    }
    zm_debug_unlock();
    return most != NULL;
}

static void tell_total(const struct zm_debug_use *total)
{
    struct zm_message message = {0};

    zm_message_text(&message, "debug: process ");
    zm_message_decimal(&message, (size_t)getpid());
    zm_message_text(&message, " exits with ");
    append_use(&message, total);
    zm_message_text(&message, " in use");
    zm_message_send(&message);
}

static void tell_site(const struct zm_debug_use *use, zm_debug_site site)
{
    struct zm_message message = {0};
    struct zm_debug_trace trace;

    zm_message_text(&message, "debug: in use: ");
    append_use(&message, use);
    zm_debug_site_trace(site, &trace);
    zm_debug_message_trace(&message, ", allocated at", &trace);
    zm_message_send(&message);
}

/* What is told is told without the lock: to name an object takes one of the dynamic linker's. */
static void report_leaks(void)
{
    struct zm_debug_use total = {0};
    struct zm_debug_use use;
    zm_debug_site site = 0;

    zm_debug_lock();
    zm_debug_blocks_each(add_up, &total);
    zm_debug_unlock();
    tell_total(&total);
    while (take_largest(&use, &site))
        tell_site(&use, site);
}

__attribute__((destructor(101))) static void at_exit(void)
{
    if (is_started && zm_debug_options.check_at_exit)
        check_all();
    if (is_started && zm_debug_options.leaks)
        report_leaks();
}
