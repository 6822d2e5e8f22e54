/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_WINDOW_H
#define ZM_WINDOW_H

/*
 * What `zmalloc stats` and `zmalloc top` need to read the figures of this process from outside: where
 * everything lies, and how it is laid out. They find the window by its mark in the data of the
 * program and its libraries, and know it by its own address, so nothing has to be exported, and it
 * is found in stripped and static programs, too.
 *
 * The command may be of another version than the library. So the window has addresses, offsets and
 * sizes rather than structures. New entries come at the end. A command does without those that are
 * not there, and ignores those that it does not know. An entry never gets another meaning: then
 * ZM_WINDOW_LAYOUT changes, and only a command of that version can read it.
 */

#include <stdint.h>

#define ZM_WINDOW_LAYOUT 1
#define ZM_WINDOW_MARK_SIZE 16
#define ZM_WINDOW_VERSION_SIZE 24

/* "A" is an address, "T" that of a text. The rest are offsets and sizes in bytes, and numbers. */
enum zm_window_entry {
    /* Counters are as large as this, and so are pointers. */
    ZM_WINDOW_WORD,

    /* Slabs of nodes (node.h): a list. */
    ZM_WINDOW_SLABS, /* A of the pointer to the first */
    ZM_WINDOW_SLAB_NEXT,
    ZM_WINDOW_SLAB_USED, /* unsigned: how many of its nodes count */
    ZM_WINDOW_SLAB_NODES,
    ZM_WINDOW_NODE_SIZE,
    ZM_WINDOW_NODE_ALLOCATED,
    ZM_WINDOW_NODE_FREED,
    ZM_WINDOW_NODE_TAKEN, /* unsigned */
    ZM_WINDOW_NODE_ZONES, /* pointer to an array, or NULL */
    /* unsigned: whether these are the figures instead of the two counters above: pointers to
     * counters, and what to add to them. */
    ZM_WINDOW_NODE_HAS_SOURCE,
    ZM_WINDOW_SOURCE_ALLOCATED_AT,
    ZM_WINDOW_SOURCE_FREED_AT,
    ZM_WINDOW_SOURCE_ALLOCATED_BASE,
    ZM_WINDOW_SOURCE_FREED_BASE,

    /* A of counters. */
    ZM_WINDOW_PEAK,
    ZM_WINDOW_HARD_LIMIT,
    ZM_WINDOW_SOFT_LIMIT,
    ZM_WINDOW_EXTERNAL,
    ZM_WINDOW_REFUSED, /* 64 bits */

    /* Zones (zone.c): an array, in which 0 is no zone. */
    ZM_WINDOW_ZONES, /* A */
    ZM_WINDOW_ZONE_COUNT,
    ZM_WINDOW_ZONE_SIZE,
    ZM_WINDOW_ZONE_IS_THERE, /* unsigned */
    ZM_WINDOW_ZONE_PARENT,   /* pointer to another, or NULL */
    ZM_WINDOW_ZONE_LIMIT,
    ZM_WINDOW_ZONE_PEAK,
    ZM_WINDOW_ZONE_AGE, /* 64 bits */
    ZM_WINDOW_ZONE_NAME,
    ZM_WINDOW_ZONE_NAME_SIZE,
    /* What is counted in each: an array for each node that has one, and one for those without. */
    ZM_WINDOW_SHARED_COUNTS, /* A */
    ZM_WINDOW_COUNTS_SIZE,
    ZM_WINDOW_COUNTS_ALLOCATED,
    ZM_WINDOW_COUNTS_FREED,

    /* The choice; 0 before it. */
    ZM_WINDOW_BACKEND,         /* T */
    ZM_WINDOW_BACKEND_VERSION, /* T */
    ZM_WINDOW_ORIGIN,          /* T */
    ZM_WINDOW_CHOSEN_BY,       /* T */
    ZM_WINDOW_CHOICE,          /* T */
    ZM_WINDOW_PREFIX_SIZE,
    ZM_WINDOW_COUNTS_BY_ITSELF, /* 0 or 1 */

    ZM_WINDOW_ENTRIES
};

struct zm_window {
    unsigned char mark[ZM_WINDOW_MARK_SIZE];
    uint64_t self; /* its own address, and 0 until the rest is there */
    uint32_t layout;
    uint32_t entries;
    char version[ZM_WINDOW_VERSION_SIZE]; /* of the library */
    uint64_t entry[ZM_WINDOW_ENTRIES];
};

/* Random, so that nothing else looks like it. */
#define ZM_WINDOW_MARK                                                                             \
    {                                                                                              \
        0xdf, 0x32, 0x28, 0x75, 0x33, 0x06, 0x2c, 0x2d, 0xdf, 0x34, 0x04, 0x7c, 0xb0, 0x87, 0x2c,  \
            0x6c                                                                                   \
    }

static inline uint64_t zm_window_address(const volatile void *at)
{
    return (uint64_t)(uintptr_t)at;
}

/* When the library is loaded, and when the choice is made. */
void zm_window_open(void);
void zm_window_show_choice(void);

#endif
