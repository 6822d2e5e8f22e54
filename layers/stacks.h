/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_STACKS_H
#define ZM_STACKS_H

/*
 * Call stacks, for any layer that wants to know where the program was. The same stack is kept once
 * and has a number from then on; with each of its addresses goes the object that held it, so that
 * its name is right when the object was closed since, or has made room for another.
 */

#include "base.h"
#include "message.h"

#define ZM_STACK_FRAMES_MAX 16

/* A stack as it was found. */
struct zm_stack {
    size_t closed; /* how many objects had been closed by then */
    unsigned count;
    uintptr_t addresses[ZM_STACK_FRAMES_MAX]; /* return addresses, the innermost first */
};

/* Of a stack that is kept; 0 is none. */
typedef uint32_t zm_stack_number;

/* ---- stacks.c ---- */

/* NULL, or why there will be no call stacks: then all are empty. */
const char *zm_stacks_start(void);
/* As many addresses, from the program's call of the library on; 0 frames take no time. */
void zm_stack_here(struct zm_stack *stack, unsigned frames);
/* What it is kept as. 0 where it is empty, or there is no memory for it. */
zm_stack_number zm_stack_keep(const struct zm_stack *stack);
/* How many are kept: they are numbered from 1. */
zm_stack_number zm_stacks_count(void);

/* What is in use from a stack that is kept, or from none. The caller's, and zero to begin with. */
struct zm_stack_use {
    size_t blocks;
    size_t bytes;
    zm_stack_number next; /* in a list */
};
struct zm_stack_use *zm_stack_use(zm_stack_number number);

/* Appends before, and the addresses as OBJECT+0xOFFSET. */
void zm_message_stack(struct zm_message *message, const char *before, zm_stack_number number);
/* The same for a stack that the calling thread is in. */
void zm_message_stack_here(struct zm_message *message, const char *before, unsigned frames);

/* ---- stack_objects.c: what is where in the address space ---- */

/* An object that was loaded at some time. Never goes. */
struct zm_object {
    struct zm_object *next; /* of the same bucket */
    uintptr_t base;
    char name[];
};

/* Where an object is now; name is NULL where there is none. Good as long as it is loaded. */
struct zm_place {
    const char *name;
    uintptr_t base;
};

/* How many objects have been closed. */
size_t zm_objects_closed(void);
/* Looks for the objects of all the addresses. */
void zm_objects_find(const uintptr_t *addresses, struct zm_place *places, unsigned count);
/* The object that is there, remembered. NULL where there is none, or no memory. Under the lock. */
const struct zm_object *zm_object_at(const struct zm_place *place);
/* Appends before and OBJECT+0xOFFSET where a loaded object holds the address; false where none
 * does. */
bool zm_message_object(struct zm_message *message, const char *before, uintptr_t address);
/* Appends before and that. */
void zm_message_offset(struct zm_message *message, const char *before, const char *object,
                       uintptr_t offset);
/* Whether the code is the library's own. In a static program nobody knows. */
bool zm_objects_are_ours(uintptr_t address);
/* Finds out where the library is. */
void zm_objects_start(void);

#endif
