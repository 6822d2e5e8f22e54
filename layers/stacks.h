/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_STACKS_H
#define ZM_STACKS_H

/*
 * Call stacks, for any layer that needs to know where the program was. Equal stacks are kept once,
 * under a number. Each address is kept with the object that held it, so its name is right even if
 * the object has been closed since, or another was loaded in its place.
 */

#include "base.h"
#include "message.h"

#define ZM_STACK_FRAMES_MAX 64

/* A stack as it was found. */
struct zm_stack {
    size_t closed; /* how many objects had been closed by then */
    unsigned count;
    uintptr_t addresses[ZM_STACK_FRAMES_MAX]; /* return addresses, the innermost first */
};

/* The number of a kept stack; 0 means no stack. */
typedef uint32_t zm_stack_number;

/* ---- stacks.c ---- */

/* NULL, or why there will be no call stacks; then all are empty. */
const char *zm_stacks_start(void);
/* Takes that many addresses, from the program's call of the library outwards. 0 frames cost
 * nothing. */
void zm_stack_here(struct zm_stack *stack, unsigned frames);
/* Its number. 0 if it is empty, or if there is no memory for it. */
zm_stack_number zm_stack_keep(const struct zm_stack *stack);
/* The addresses of a kept stack, at most ZM_STACK_FRAMES_MAX; 0 of an unknown one. */
unsigned zm_stack_addresses(zm_stack_number number, uintptr_t *addresses);
/* How many are kept; they are numbered from 1. */
zm_stack_number zm_stacks_count(void);

/* What is in use from a kept stack, or from an unknown one. Belongs to the caller; all 0 at
 * first. */
struct zm_stack_use {
    size_t blocks;
    size_t bytes;
    zm_stack_number next; /* in a list */
};
struct zm_stack_use *zm_stack_use(zm_stack_number number);

/* Appends the text before, then the addresses as OBJECT+0xOFFSET. */
void zm_message_stack(struct zm_message *message, const char *before, zm_stack_number number);
/* The same for a stack of the calling thread. */
void zm_message_stack_here(struct zm_message *message, const char *before, unsigned frames);

/* ---- stack_objects.c: what is where in the address space ---- */

/* An object that was loaded at some time. Never freed. */
struct zm_object {
    struct zm_object *next; /* of the same bucket */
    uintptr_t base;
    char name[];
};

/* Where an object is now; name is NULL if there is none. Valid while it is loaded. */
struct zm_place {
    const char *name;
    uintptr_t base;
};

/* How many objects have been closed. */
size_t zm_objects_closed(void);
/* Finds the objects of all the addresses. */
void zm_objects_find(const uintptr_t *addresses, struct zm_place *places, unsigned count);
/* Remembers the object that is there. NULL if there is none, or no memory. Under the lock. */
const struct zm_object *zm_object_at(const struct zm_place *place);
/* Appends the text before and OBJECT+0xOFFSET; false if no loaded object holds the address. */
bool zm_message_object(struct zm_message *message, const char *before, uintptr_t address);
/* Appends before and that. */
void zm_message_offset(struct zm_message *message, const char *before, const char *object,
                       uintptr_t offset);
/* Whether the code is the library's own. Unknown in a static program. */
bool zm_objects_are_ours(uintptr_t address);
/* Finds out where the library is. */
void zm_objects_start(void);

#endif
