/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * At exit: checks whether any block was overwritten, and reports what is still in use, by place.
 * The destructor runs after the handlers of atexit() and after the destructors of C++, the program,
 * and those of its libraries that need this one. Other threads may still run.
 */

#include "debug.h"
#include "layer_lock.h"

static bool is_started;

void zm_debug_exit_start(void)
{
    is_started = true;
}

struct look {
    struct zm_debug_block block;
    struct zm_debug_damage damage;
};

/* A block that is FREEING belongs to a running thread, or to one that fork left behind. */
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

    zm_leaf_lock();
    zm_debug_blocks_each(look_at, &look);
    zm_leaf_unlock();
    if (look.damage.place != ZM_DEBUG_NOWHERE) {
        struct zm_debug_call call = {"check at exit of", (const void *)look.block.address};

        zm_debug_die_of_damage(&call, &look.block, look.damage);
    }
}

__attribute__((destructor(101))) static void at_exit(void)
{
    if (is_started && zm_debug_options.check_at_exit)
        check_all();
    if (is_started && zm_debug_options.leaks)
        zm_debug_report_leaks();
}
