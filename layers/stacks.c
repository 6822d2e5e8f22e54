/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Call stacks, each kept once and known by its number. They are added under the lock and never
 * removed; what a reader finds in the table without the lock is complete.
 *
 * The table has open addressing and grows by a copy. A thread that still looks into the smaller
 * table at worst misses a new stack, and then looks again under the lock. So the smaller tables
 * must stay; all of them together are no larger than the last one.
 *
 * A stack is right as long as the objects that held its addresses are loaded. With it we keep how
 * many objects the dynamic linker had closed; if that number changes, we check whether they are the
 * same.
 */

#include <string.h>

#include "frames.h"
#include "layer_lock.h"
#include "message.h"
#include "os/unwind.h"
#include "stacks.h"

#define FIRST_SLOTS ((size_t)1 << 10)
#define MEMORY_AT_ONCE ((size_t)64 << 10)
#define NUMBERS_AT_ONCE ((zm_stack_number)1 << 10)
#define CHUNKS 1024

struct frame {
    uintptr_t address;
    const struct zm_object *object; /* NULL: none is known to have held it */
};

struct kept {
    size_t closed; /* as in struct zm_stack, when it was last checked */
    struct zm_stack_use use;
    uint32_t hash;
    unsigned count;
    struct frame frames[];
};

struct table {
    size_t size; /* a power of two, more than there are numbers */
    zm_stack_number slots[];
};

static struct table *table;
/* Number n is in chunk n / NUMBERS_AT_ONCE; 0 stays empty. */
static struct kept **chunks[CHUNKS];
static zm_stack_number kept_count;

static struct kept *kept_at(zm_stack_number number)
{
    return chunks[number / NUMBERS_AT_ONCE][number % NUMBERS_AT_ONCE];
}

/* ---- Finding ---- */

static uint32_t hash_of(const struct zm_stack *stack)
{
    uint64_t mixed = 0;

    for (unsigned i = 0; i < stack->count; i++)
        mixed = (mixed ^ stack->addresses[i]) * UINT64_C(0x9e3779b97f4a7c15) + (mixed >> 32);
    return (uint32_t)(mixed >> 32);
}

static bool has_addresses(const struct kept *kept, const struct zm_stack *stack)
{
    unsigned i = 0;

    while (i < stack->count && i < kept->count && kept->frames[i].address == stack->addresses[i])
        i++;
    return i == stack->count && i == kept->count;
}

/* Whether they are the same without a look at the objects. */
static bool has_objects(struct kept *kept, const struct zm_stack *stack,
                        const struct zm_object *const *objects)
{
    if (objects == NULL)
        return __atomic_load_n(&kept->closed, __ATOMIC_RELAXED) == stack->closed;
    for (unsigned i = 0; i < kept->count; i++)
        if (kept->frames[i].object != objects[i])
            return false;
    return true;
}

static zm_stack_number find(const struct zm_stack *stack, uint32_t hash,
                            const struct zm_object *const *objects)
{
    struct table *in = __atomic_load_n(&table, __ATOMIC_ACQUIRE);
    zm_stack_number number;

    if (in == NULL)
        return 0;
    for (size_t i = hash;; i++) {
        number = __atomic_load_n(&in->slots[i & (in->size - 1)], __ATOMIC_ACQUIRE);
        if (number == 0)
            return 0;
        if (kept_at(number)->hash == hash && has_addresses(kept_at(number), stack) &&
            has_objects(kept_at(number), stack, objects))
            return number;
    }
}

/* ---- Adding: under the lock ---- */

static void put(struct table *into, zm_stack_number number)
{
    size_t i = kept_at(number)->hash;

    while (into->slots[i & (into->size - 1)] != 0)
        i++;
    __atomic_store_n(&into->slots[i & (into->size - 1)], number, __ATOMIC_RELEASE);
}

/* Without memory it gets fuller; false if it is full but for the slot that ends a search. */
static bool have_slot(void)
{
    size_t size = table != NULL ? table->size : 0;
    struct table *grown = NULL;

    if (kept_count + 1 < size / 2)
        return true;
    size = size != 0 ? 2 * size : FIRST_SLOTS;
    grown = zm_leaf_map(sizeof *grown + size * sizeof *grown->slots);
    /* GCOVR_EXCL_START: the block below has taken the last memory before */
    if (grown == NULL)
        return table != NULL && kept_count + 1 < table->size;
    /* GCOVR_EXCL_STOP */
    grown->size = size;
    for (zm_stack_number number = 1; number <= kept_count; number++)
        put(grown, number);
    __atomic_store_n(&table, grown, __ATOMIC_RELEASE);
    return true;
}

static bool have_number(zm_stack_number number)
{
    struct kept ***chunk = &chunks[number / NUMBERS_AT_ONCE];

    if (*chunk == NULL)
        *chunk = zm_leaf_map(NUMBERS_AT_ONCE * sizeof **chunk);
    return *chunk != NULL;
}

static struct kept *make_kept(unsigned count)
{
    static char *memory;
    static size_t left;
    size_t size = sizeof(struct kept) + count * sizeof(struct frame);

    size = (size + _Alignof(struct kept) - 1) & -_Alignof(struct kept);
    if (left < size) {
        char *more = zm_leaf_map(MEMORY_AT_ONCE);

        if (more == NULL)
            return NULL;
        memory = more;
        left = MEMORY_AT_ONCE;
    }
    memory += size;
    left -= size;
    return (struct kept *)(void *)(memory - size);
}

static zm_stack_number add(const struct zm_stack *stack, uint32_t hash,
                           const struct zm_object *const *objects)
{
    zm_stack_number number = kept_count + 1;
    struct kept *kept;

    if (number == CHUNKS * NUMBERS_AT_ONCE || !have_slot() || !have_number(number))
        return 0; /* GCOVR_EXCL_LINE: as above */
    kept = make_kept(stack->count);
    if (kept == NULL)
        return 0;
    kept->closed = stack->closed;
    kept->hash = hash;
    kept->count = stack->count;
    for (unsigned i = 0; i < stack->count; i++)
        kept->frames[i] = (struct frame){stack->addresses[i], objects[i]};
    chunks[number / NUMBERS_AT_ONCE][number % NUMBERS_AT_ONCE] = kept;
    __atomic_store_n(&kept_count, number, __ATOMIC_RELEASE);
    put(table, number);
    return number;
}

/* The objects hold the code that the calling thread is in, so none is closed now. */
static zm_stack_number find_or_add(const struct zm_stack *stack, uint32_t hash,
                                   const struct zm_place *places)
{
    const struct zm_object *objects[ZM_STACK_FRAMES_MAX] = {0};
    zm_stack_number number;

    zm_leaf_lock();
    for (unsigned i = 0; i < stack->count; i++)
        objects[i] = zm_object_at(&places[i]);
    number = find(stack, hash, objects);
    if (number != 0)
        __atomic_store_n(&kept_at(number)->closed, stack->closed, __ATOMIC_RELAXED);
    else
        number = add(stack, hash, objects);
    zm_leaf_unlock();
    return number;
}

zm_stack_number zm_stack_keep(const struct zm_stack *stack)
{
    uint32_t hash = hash_of(stack);
    struct zm_place places[ZM_STACK_FRAMES_MAX];
    zm_stack_number number;

    if (stack->count == 0)
        return 0;
    number = find(stack, hash, NULL);
    if (number != 0)
        return number;
    zm_leaf_begin_unwinding();
    zm_objects_find(stack->addresses, places, stack->count);
    zm_leaf_end_unwinding();
    return find_or_add(stack, hash, places);
}

unsigned zm_stack_addresses(zm_stack_number number, uintptr_t *addresses)
{
    const struct kept *kept = number != 0 ? kept_at(number) : NULL;
    unsigned count = kept != NULL ? kept->count : 0;

    for (unsigned i = 0; i < count; i++)
        addresses[i] = kept->frames[i].address;
    return count;
}

zm_stack_number zm_stacks_count(void)
{
    return __atomic_load_n(&kept_count, __ATOMIC_ACQUIRE);
}

struct zm_stack_use *zm_stack_use(zm_stack_number number)
{
    static struct zm_stack_use of_none;

    return number != 0 ? &kept_at(number)->use : &of_none;
}

/* ---- Unwinding ---- */

struct walk {
    struct zm_stack *stack;
    unsigned frames;
    struct zm_frame inner; /* the one before */
};

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *argument)
{
    struct walk *walk = argument;
    struct zm_stack *stack = walk->stack;
    struct zm_frame frame = {zm_unwind_ip(context), zm_unwind_cfa(context),
                             zm_unwind_frame_pointer(context)};

    zm_frames_learn(&walk->inner, &frame);
    walk->inner = frame;
    if (stack->count == 0 && zm_objects_are_ours(frame.address))
        return _URC_NO_REASON;
    if (frame.address == 0)
        return _URC_END_OF_STACK;
    stack->addresses[stack->count++] = frame.address;
    return stack->count < walk->frames ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/* Noinline: its caller is the first frame, for the unwinder and without it. */
static __attribute__((noinline)) void take(struct zm_stack *stack, unsigned frames)
{
    struct walk walk = {.stack = stack, .frames = frames};
    struct zm_frame end = {0};

    if (zm_frames_follow(zm_caller_of(__builtin_frame_address(0)), stack, frames))
        return;
    stack->count = 0;
    zm_frames_begin_learning(stack->closed);
    zm_unwind(step, &walk);
    if (stack->count < frames)
        zm_frames_learn(&walk.inner, &end);
    zm_frames_end_learning(&walk, walk.inner.stack_pointer);
}

void zm_stack_here(struct zm_stack *stack, unsigned frames)
{
    stack->count = 0;
    if (frames == 0)
        return;
    zm_leaf_begin_unwinding();
    stack->closed = zm_objects_closed();
    take(stack, frames);
    zm_leaf_end_unwinding();
}

const char *zm_stacks_start(void)
{
    zm_objects_start();
    zm_frames_start();
    return zm_unwind_start();
}

/* ---- Telling ---- */

/* GCOVR_EXCL_START: of code that was made at run time, which no test of ours does */
static void append_bare(struct zm_message *message, uintptr_t address)
{
    zm_message_text(message, " ");
    zm_message_pointer(message, (const void *)address);
}
/* GCOVR_EXCL_STOP */

static void append_end(struct zm_message *message, unsigned count)
{
    if (count == 0)
        zm_message_text(message, " an unknown place");
}

void zm_message_stack(struct zm_message *message, const char *before, zm_stack_number number)
{
    const struct kept *kept = number != 0 ? kept_at(number) : NULL;
    unsigned count = kept != NULL ? kept->count : 0;

    zm_message_text(message, before);
    for (unsigned i = 0; i < count; i++) {
        const struct frame *frame = &kept->frames[i];

        if (frame->object != NULL)
            zm_message_offset(message, " ", frame->object->name,
                              frame->address - frame->object->base);
        else
            append_bare(message, frame->address); /* GCOVR_EXCL_LINE: see there */
    }
    append_end(message, count);
}

void zm_message_stack_here(struct zm_message *message, const char *before, unsigned frames)
{
    struct zm_stack stack;

    zm_stack_here(&stack, frames);
    zm_message_text(message, before);
    for (unsigned i = 0; i < stack.count; i++)
        if (!zm_message_object(message, " ", stack.addresses[i]))
            append_bare(message, stack.addresses[i]); /* GCOVR_EXCL_LINE: see there */
    append_end(message, stack.count);
}
