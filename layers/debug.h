/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_DEBUG_H
#define ZM_DEBUG_H

/*
 * The layer debug: finds misuse of blocks over any backend, and says where (docs/debugging.md).
 *
 * What it knows of the blocks stands in a table of its own, out of line: a pointer that is none of
 * ours is never followed, and no overflow reaches the table. A block of the backend below holds
 *
 *   [unused][head canary][the caller's bytes][tail canary]
 *
 * A block's life is LIVE, FREEING while its bytes are filled by the thread that frees it, KEPT while
 * it is in quarantine; then it goes back to the backend below and is known no more.
 */

#include "internal.h"

#define ZM_DEBUG_FRAMES_MAX 16
#define ZM_DEBUG_CANARY_SIZE ((size_t)16)

/* What blocks are filled with: as pointers no addresses, as numbers large. */
#define ZM_DEBUG_FILL_NEW 0xcd
#define ZM_DEBUG_FILL_FREED 0xdd

/* ---- debug_options.c: ZMALLOC_DEBUG ---- */

struct zm_debug_options {
    size_t quarantine;  /* bytes that freed blocks may keep */
    size_t fill;        /* bytes of each block, from its start, that are filled and looked at */
    unsigned frames;    /* return addresses remembered, up to ZM_DEBUG_FRAMES_MAX */
    bool check_at_exit; /* look at all blocks once more */
    bool leaks;         /* report what is in use at exit */
};

/* Written before the first block. */
extern struct zm_debug_options zm_debug_options;

/* Reads a list of options over the defaults; NULL is an empty one. Returns 0, or EINVAL and what is
 * wrong in why, which has ZM_WHY_SIZE bytes. */
int zm_debug_parse(const char *text, struct zm_debug_options *options, char *why);

/* ---- debug_lock.c: guards the blocks and the sites. A leaf. ---- */

void zm_debug_lock(void);
void zm_debug_unlock(void);
/* Around each use of the unwinder: no fork() happens between the two. */
void zm_debug_begin_unwinding(void);
void zm_debug_end_unwinding(void);

/* Zeroed pages, or NULL. Keeps errno. */
void *zm_debug_map(size_t size);

/* ---- debug_sites.c: where the program was ---- */

struct zm_debug_trace {
    unsigned count;
    uintptr_t addresses[ZM_DEBUG_FRAMES_MAX]; /* the innermost first */
};

/* A trace that was kept, by its number; 0 is none. */
typedef uint32_t zm_debug_site;

/* The return addresses from the program's call of the library on. */
void zm_debug_trace_here(struct zm_debug_trace *trace);
/* The same trace has the same number. 0 where there is no memory for it. */
zm_debug_site zm_debug_site_of(const struct zm_debug_trace *trace);
void zm_debug_site_trace(zm_debug_site site, struct zm_debug_trace *trace);
/* How many there are: they are numbered from 1. */
zm_debug_site zm_debug_site_count(void);

/* What is in use from a site, for the report at exit. Under the lock. */
struct zm_debug_use {
    size_t blocks;
    size_t bytes;
};
struct zm_debug_use *zm_debug_site_use(zm_debug_site site);

/* ---- debug_blocks.c: the blocks that are live or in quarantine ---- */

enum zm_debug_state { ZM_DEBUG_LIVE, ZM_DEBUG_FREEING, ZM_DEBUG_KEPT };

struct zm_debug_block {
    struct zm_debug_block *next;  /* of the same bucket, or unused */
    struct zm_debug_block *newer; /* in quarantine */
    uintptr_t address;            /* of the first byte that is the caller's */
    size_t size;                  /* what was asked for */
    size_t head;                  /* bytes before that in the block of the backend below */
    zm_debug_site allocated_at;
    zm_debug_site freed_at;
    enum zm_debug_state state;
};

/* Once or more; false where there is no memory. */
bool zm_debug_blocks_start(void);
/* False where there is no memory to remember it. */
bool zm_debug_blocks_add(const struct zm_debug_block *block);
/* Each copies what it has found; false where there is none. */
bool zm_debug_blocks_find(const void *ptr, struct zm_debug_block *block);
/* The block, live or not, that ptr points into or just behind. Looks at all. */
bool zm_debug_blocks_find_around(const void *ptr, struct zm_debug_block *block);
/* Finds it, as it was, and makes a LIVE one FREEING. */
bool zm_debug_blocks_take(const void *ptr, zm_debug_site freed_at, struct zm_debug_block *block);
/* Puts a FREEING one into quarantine. */
void zm_debug_blocks_keep(const void *ptr);
/* Takes the oldest out of quarantine, and out of the table, while more than limit bytes are kept. */
bool zm_debug_blocks_forget(size_t limit, struct zm_debug_block *block);
/* Calls visit for every block until it returns false. Under the lock; before the start there are
 * none. */
void zm_debug_blocks_each(bool (*visit)(const struct zm_debug_block *block, void *argument),
                          void *argument);

/* ---- debug_marks.c: canaries and fillings ---- */

enum zm_debug_place { ZM_DEBUG_NOWHERE, ZM_DEBUG_BEFORE, ZM_DEBUG_INSIDE, ZM_DEBUG_AFTER };

/* A byte that is not as it was left. */
struct zm_debug_damage {
    enum zm_debug_place place;
    size_t distance; /* the bytes before and after a block are numbered from 1, away from it */
    unsigned char byte;
};

void zm_debug_marks_start(void);
/* Of a new block: both canaries. */
void zm_debug_mark(const struct zm_debug_block *block);
void zm_debug_fill(void *bytes, size_t size, int with);
struct zm_debug_damage zm_debug_look_around(const struct zm_debug_block *block);
/* The same for a block that was filled when it was freed, with its bytes. */
struct zm_debug_damage zm_debug_look_at_freed(const struct zm_debug_block *block);

/* ---- debug_report.c: the lines before SIGABRT ---- */

/* What was asked of the library. */
struct zm_debug_call {
    const char *name; /* "free of" */
    const void *ptr;
};

ZM_COLD _Noreturn void zm_debug_die_of_damage(const struct zm_debug_call *call,
                                              const struct zm_debug_block *block,
                                              struct zm_debug_damage damage);
ZM_COLD _Noreturn void zm_debug_die_of_size(const struct zm_debug_call *call,
                                            const struct zm_debug_block *block, size_t size);
/* The block was freed before. */
ZM_COLD _Noreturn void zm_debug_die_of_use(const struct zm_debug_call *call,
                                           const struct zm_debug_block *block);
/* No block begins there. */
ZM_COLD _Noreturn void zm_debug_die_of_pointer(const struct zm_debug_call *call);

/* Appends before and the trace. */
void zm_debug_message_trace(struct zm_message *message, const char *before,
                            const struct zm_debug_trace *trace);

/* ---- debug_objects.c: what is where in the address space ---- */

/* Appends before and OBJECT+0xOFFSET where a loaded object holds the address; false where none
 * does. */
bool zm_debug_message_object(struct zm_message *message, const char *before, uintptr_t address);
/* Whether the code is the library's own. In a static program nobody knows. */
bool zm_debug_is_ours(uintptr_t address);
/* Finds out where the library is. */
void zm_debug_objects_start(void);

/* ---- debug_exit.c ---- */

/* From then on what the options ask for is done at exit. */
void zm_debug_exit_start(void);

#endif
