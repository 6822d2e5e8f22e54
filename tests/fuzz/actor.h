/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ACTOR_H
#define ACTOR_H

/*
 * A thread that carries out a stream of operations and has its own slots for the blocks it holds.
 * The first actor of an input has all slots; while it waits for other threads, they share its
 * slots.
 */

#include <setjmp.h>
#include <stdbool.h>

#include "blocks.h"
#include "lane.h"
#include "stream.h"

#define SLOTS 32
#define SLOT_ROOM ((size_t)256 << 10)
#define ACTORS_MAX 4
#define SLOTS_OF_A_SHARE (SLOTS / ACTORS_MAX)

struct operation;

struct actor {
    struct stream stream;
    struct block *slots;
    size_t slot_count;
    struct step *steps;
    size_t step_count;
    size_t steps_max;
    uint8_t thread; /* as in struct step */
    unsigned forks; /* number of steps made */
    bool is_alone;  /* no other thread uses the library, so used memory is exact */
    uint64_t seed;  /* for the next stamp */

    /* The current step. */
    const struct operation *operation;
    struct step step;
    jmp_buf escape; /* for a handler that does not return */
};

/* Of this thread. */
extern _Thread_local struct actor *current_actor;

/* Carries out the stream, as long as there is room for steps. */
void actor_run(struct actor *actor);
/* The slot that the next byte of the stream selects. */
struct block *actor_next_slot(struct actor *actor);
/* How many more bytes may be asked for. */
size_t actor_room(const struct actor *actor);
uint64_t actor_next_seed(struct actor *actor);
void actor_check_used(const struct actor *actor);
/* Frees all blocks that are left. */
void actor_free_all(struct actor *actor);

/* Runs a complete input in a new thread, so each input begins as NEW for the accounting. */
void run_input(const uint8_t *data, size_t size);

/* Operations of the only actor: it starts other threads, or lets a child check its blocks. */
void run_threads(struct actor *actor);
void run_fork(struct actor *actor);

#endif
