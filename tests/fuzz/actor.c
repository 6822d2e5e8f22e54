/* SPDX-License-Identifier: BSD-3-Clause */

#include "actor.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "operations.h"
#include "requests.h"
#include "zmalloc.h"

_Thread_local struct actor *current_actor;

void blame(const char *format, ...)
{
    const struct actor *actor = current_actor;
    va_list arguments;
    int length = 0;

    if (__atomic_exchange_n(&lane->has_trouble, 1, __ATOMIC_RELAXED) != 0)
        pause();
    if (actor != NULL && actor->operation != NULL)
        length = snprintf(lane->trouble, sizeof lane->trouble,
                          "thread %u, step %zu, %s: ", actor->thread, actor->step_count,
                          actor->operation->name);
    va_start(arguments, format);
    vsnprintf(lane->trouble + length, sizeof lane->trouble - (size_t)length, format, arguments);
    va_end(arguments);
    _exit(1);
}

/* ---- What operations ask of their actor ---- */

struct block *actor_next_slot(struct actor *actor)
{
    return &actor->slots[stream_byte(&actor->stream) % actor->slot_count];
}

size_t actor_room(const struct actor *actor)
{
    return actor->slot_count * SLOT_ROOM - blocks_asked(actor->slots, actor->slot_count);
}

uint64_t actor_next_seed(struct actor *actor)
{
    return actor->seed += UINT64_C(0x632be59bd9b4e019);
}

void actor_check_used(const struct actor *actor)
{
    size_t held = blocks_size(actor->slots, actor->slot_count);

    if (actor->is_alone)
        EXPECT(zmalloc_used_memory() == held, "used memory is %zu, the blocks count for %zu",
               zmalloc_used_memory(), held);
}

void actor_free_all(struct actor *actor)
{
    for (size_t i = 0; i < actor->slot_count; i++) {
        if (actor->slots[i].ptr != NULL)
            block_check(&actor->slots[i]);
        zfree(actor->slots[i].ptr);
        actor->slots[i].ptr = NULL;
    }
}

/* ---- One step after the other ---- */

static void take_step(struct actor *actor)
{
    size_t number = stream_byte(&actor->stream) % operation_count;

    actor->operation = &operations[number];
    actor->step = (struct step){.operation = (uint8_t)number, .thread = actor->thread};
    actor->operation->run(actor);
    actor_check_used(actor);
    actor->steps[actor->step_count++] = actor->step;
    if (actor->is_alone)
        lane->step_count = (uint32_t)actor->step_count;
}

void actor_run(struct actor *actor)
{
    current_actor = actor;
    while (!stream_has_ended(&actor->stream) && actor->step_count < actor->steps_max)
        take_step(actor);
}

/* ---- A whole input ---- */

static void *run_first(void *argument)
{
    actor_run(argument);
    actor_free_all(argument);
    actor_check_used(argument);
    return NULL;
}

void run_input(const uint8_t *data, size_t size)
{
    static struct block slots[SLOTS];
    static struct actor actor;
    pthread_t thread;

    reset_handler();
    memset(slots, 0, sizeof slots);
    actor = (struct actor){
        .stream = {.at = data, .end = data + size},
        .slots = slots,
        .slot_count = SLOTS,
        .steps = lane->steps,
        .steps_max = STEPS_MAX,
        .is_alone = true,
    };
    EXPECT(pthread_create(&thread, NULL, run_first, &actor) == 0, "no thread");
    EXPECT(pthread_join(thread, NULL) == 0, "the thread is lost");
    EXPECT(zmalloc_used_memory() == 0, "used memory is %zu after the last block",
           zmalloc_used_memory());
}
