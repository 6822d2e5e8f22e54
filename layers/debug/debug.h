/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_DEBUG_H
#define ZM_DEBUG_H

/*
 * The layer debug: finds misuse of blocks over any backend, and says where (docs/debugging.md).
 *
 * It keeps what it knows of the blocks in a separate table, so it never follows a foreign pointer
 * and no overflow reaches the table. A block of the backend below holds
 *
 *   [head canary][the caller's bytes][tail canary]
 *
 * The head canary reaches back to the start of the backend's block. Before that there may be the
 * backend's own prefix, of which the table has a copy. The bytes that a block of size 0 counts as
 * belong to the tail canary until the program asks for the usable size.
 *
 * A block is LIVE; then FREEING, while the thread that frees it fills its bytes; then KEPT, while
 * it is in quarantine; then it goes back to the backend below and is forgotten.
 */

#include "../stacks.h"
#include "base.h"

#define ZM_DEBUG_CANARY_MIN 16
#define ZM_DEBUG_CANARY_MAX 65536
/* The alignment of all blocks. */
#define ZM_DEBUG_ALIGNMENT ((size_t)16)
/* A backend's prefix of up to this size is checked, too. */
#define ZM_DEBUG_PREFIX_MAX 16

/* What blocks are filled with: invalid as pointers, large as numbers. */
#define ZM_DEBUG_FILL_NEW 0xcd
#define ZM_DEBUG_FILL_FREED 0xdd

/* ---- options.c: ZMALLOC_DEBUG ---- */

/* A message has room for so many, twice. */
#define ZM_DEBUG_FRAMES_MAX 16

struct zm_debug_options {
    size_t quarantine;  /* bytes that freed blocks may keep */
    size_t fill;        /* bytes of each block, from its start, that are filled and looked at */
    size_t canary;      /* bytes before and after each block, a multiple of ZM_DEBUG_ALIGNMENT */
    unsigned frames;    /* return addresses remembered, up to ZM_DEBUG_FRAMES_MAX */
    bool check_at_exit; /* look at all blocks once more */
    bool leaks;         /* report what is in use at exit */
};

/* Written before the first block. */
extern struct zm_debug_options zm_debug_options;

/* Reads a list of options over the defaults; NULL is an empty one. Returns 0, or EINVAL and what is
 * wrong in why, which has ZM_WHY_SIZE bytes. */
int zm_debug_parse(const char *text, struct zm_debug_options *options, char *why);

/* ---- blocks.c: the blocks that are live or in quarantine ---- */

enum zm_debug_state { ZM_DEBUG_LIVE, ZM_DEBUG_FREEING, ZM_DEBUG_KEPT };

struct zm_debug_block {
    struct zm_debug_block *next;  /* of the same bucket, or unused */
    struct zm_debug_block *newer; /* in quarantine */
    uintptr_t address;            /* of the first byte that is the caller's */
    size_t size;                  /* the caller's: what was asked for, or the usable size */
    size_t head;                  /* bytes before that in the block of the backend below */
    zm_stack_number allocated_at;
    zm_stack_number freed_at;
    unsigned char state; /* enum zm_debug_state */
    unsigned char zone;  /* its number; 0: none */
    bool is_zeroed;
    bool was_nothing; /* what was asked for is 0 */
    unsigned char prefix[ZM_DEBUG_PREFIX_MAX];
};

/* May be called more than once; false if there is no memory. */
bool zm_debug_blocks_start(void);
/* False if there is no memory to remember it. */
bool zm_debug_blocks_add(const struct zm_debug_block *block);
/* Each copies the block that it finds; false if there is none. */
bool zm_debug_blocks_find(const void *ptr, struct zm_debug_block *block);
/* The block, live or not, that ptr points into or next to. Looks at all blocks. */
bool zm_debug_blocks_find_around(const void *ptr, struct zm_debug_block *block);
/* Finds it, copies it as it was, and if it is LIVE makes it FREEING. */
bool zm_debug_blocks_take(const void *ptr, zm_stack_number freed_at, struct zm_debug_block *block);
/* Finds it, copies it as it was, and if it is LIVE calls change for it under the lock. */
bool zm_debug_blocks_change(const void *ptr, struct zm_debug_block *block,
                            void (*change)(struct zm_debug_block *block, void *argument),
                            void *argument);
/* Puts a FREEING block into quarantine. */
void zm_debug_blocks_keep(const void *ptr);
/* Takes the oldest out of quarantine, and out of the table, while more than limit bytes are
 * kept. */
bool zm_debug_blocks_forget(size_t limit, struct zm_debug_block *block);
/* Calls visit for every block until it returns false. Under the lock; there are no blocks before
 * the start. */
void zm_debug_blocks_each(bool (*visit)(const struct zm_debug_block *block, void *argument),
                          void *argument);

/* ---- marks.c: canaries and fillings ---- */

enum zm_debug_place { ZM_DEBUG_NOWHERE, ZM_DEBUG_BEFORE, ZM_DEBUG_INSIDE, ZM_DEBUG_AFTER };

/* A byte that has changed. */
struct zm_debug_damage {
    enum zm_debug_place place;
    size_t distance; /* the bytes before and after a block are numbered from 1, away from it */
    unsigned char byte;
};

/* Draws the numbers that canaries are made from. The backend below has prefixes of that size. */
void zm_debug_marks_start(size_t prefix_size);
/* For a new block: writes both canaries, and remembers what has to be remembered. */
void zm_debug_mark(struct zm_debug_block *block);
/* Moves the end of a block of size 0 to the size that it counts as. */
void zm_debug_mark_open(struct zm_debug_block *block);
void zm_debug_fill(void *bytes, size_t size, int with);
struct zm_debug_damage zm_debug_look_around(const struct zm_debug_block *block);
/* The same for a block that was filled when it was freed; checks its bytes, too. */
struct zm_debug_damage zm_debug_look_at_freed(const struct zm_debug_block *block);

/* ---- report.c: the lines before SIGABRT ---- */

/* The call of the program. */
struct zm_debug_call {
    const char *name; /* "free of" */
    const void *ptr;
};

ZM_COLD _Noreturn void zm_debug_die_of_damage(const struct zm_debug_call *call,
                                              const struct zm_debug_block *block,
                                              struct zm_debug_damage damage);
ZM_COLD _Noreturn void zm_debug_die_of_size(const struct zm_debug_call *call,
                                            const struct zm_debug_block *block, size_t size);
/* The zone with that number was given, not the block's. */
ZM_COLD _Noreturn void zm_debug_die_of_zone(const struct zm_debug_call *call,
                                            const struct zm_debug_block *block, unsigned zone);
/* There is no zone with that number any more. */
ZM_COLD _Noreturn void zm_debug_die_of_no_zone(unsigned zone);
/* The block is already freed. */
ZM_COLD _Noreturn void zm_debug_die_of_use(const struct zm_debug_call *call,
                                           const struct zm_debug_block *block);
/* No block begins there. */
ZM_COLD _Noreturn void zm_debug_die_of_pointer(const struct zm_debug_call *call);

/* ---- leaks.c ---- */

/* Reports what is in use, by place. */
void zm_debug_report_leaks(void);

/* ---- exit.c ---- */

/* From then on the checks that the options ask for are done at exit. */
void zm_debug_exit_start(void);

#endif
