/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The sampled blocks that are not freed yet. Adding and taking is done under the lock, and is as rare as
 * samples are.
 *
 * Open addressing. What is taken out leaves no mark: those behind it move up.
 */

#include "layer_lock.h"
#include "sample.h"

#define FIRST_SLOTS ((size_t)256)

struct slot {
    uintptr_t address; /* 0: empty */
    struct zm_sample sample;
};

static struct slot *slots;
static size_t slot_count; /* a power of two, or 0 */
static size_t used;
static size_t most;
static size_t dropped;

static size_t hash_of(uintptr_t address)
{
    return (size_t)(((uint64_t)address / ZM_SAMPLE_ALIGNMENT * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

void zm_sample_table_start(size_t max)
{
    most = max;
}

bool zm_sample_table_has_room(void)
{
    if (__atomic_load_n(&used, __ATOMIC_RELAXED) < most)
        return true;
    __atomic_add_fetch(&dropped, 1, __ATOMIC_RELAXED);
    return false;
}

size_t zm_sample_dropped(void)
{
    return __atomic_load_n(&dropped, __ATOMIC_RELAXED);
}

/* ---- Under the lock ---- */

/* The slot of an address, or the empty one that it would get. */
static size_t place_of(uintptr_t address)
{
    size_t i = hash_of(address) & (slot_count - 1);

    while (slots[i].address != 0 && slots[i].address != address)
        i = (i + 1) & (slot_count - 1);
    return i;
}

/* At most half of the slots are used. */
static bool have_slot(void)
{
    struct slot *old = slots;
    size_t old_count = slot_count;
    struct slot *larger;

    if (2 * (used + 1) <= slot_count)
        return true;
    larger = zm_leaf_map((old_count != 0 ? 2 * old_count : FIRST_SLOTS) * sizeof *larger);
    /* GCOVR_EXCL_START: no memory */
    if (larger == NULL)
        return false;
    /* GCOVR_EXCL_STOP */
    slots = larger;
    slot_count = old_count != 0 ? 2 * old_count : FIRST_SLOTS;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].address != 0)
            slots[place_of(old[i].address)] = old[i];
    if (old != NULL)
        zm_leaf_unmap(old, old_count * sizeof *old);
    return true;
}

static void empty(size_t hole)
{
    for (size_t i = (hole + 1) & (slot_count - 1); slots[i].address != 0;
         i = (i + 1) & (slot_count - 1)) {
        size_t home = hash_of(slots[i].address) & (slot_count - 1);

        /* Move it up if a search for it passes the hole. */
        if (((i - home) & (slot_count - 1)) >= ((i - hole) & (slot_count - 1))) {
            slots[hole] = slots[i];
            hole = i;
        }
    }
    slots[hole].address = 0;
}

/* Is there room for another sample? If only its stack has no memory, it is counted as unknown. */
static bool have_room_for(struct zm_sample *sample, uint16_t count)
{
    /* GCOVR_EXCL_START: no memory, or another thread took the last room */
    if (!zm_sample_has_sums(sample->stack))
        sample->stack = 0;
    if (used >= most || count == UINT16_MAX || !zm_sample_has_sums(sample->stack) || !have_slot()) {
        __atomic_store_n(&dropped, dropped + 1, __ATOMIC_RELAXED);
        return false;
    }
    /* GCOVR_EXCL_STOP */
    return true;
}

/* ---- Operations ---- */

void zm_sample_table_add(const void *ptr, struct zm_sample sample, bool is_new)
{
    uintptr_t address = (uintptr_t)ptr;
    uint16_t *count = zm_sampled_page(ptr);

    zm_leaf_lock();
    if (have_room_for(&sample, *count)) {
        slots[place_of(address)] = (struct slot){address, sample};
        __atomic_store_n(&used, used + 1, __ATOMIC_RELAXED);
        __atomic_store_n(count, (uint16_t)(*count + 1), __ATOMIC_RELAXED);
        zm_sample_count_begin(&sample, is_new);
    }
    zm_leaf_unlock();
}

bool zm_sample_table_take(const void *ptr, struct zm_sample *sample)
{
    uintptr_t address = (uintptr_t)ptr;
    uint16_t *count = zm_sampled_page(ptr);
    bool found = false;
    size_t i = 0;

    zm_leaf_lock();
    if (slot_count != 0) {
        i = place_of(address);
        found = slots[i].address != 0;
    }
    if (found) {
        *sample = slots[i].sample;
        empty(i);
        __atomic_store_n(&used, used - 1, __ATOMIC_RELAXED);
        __atomic_store_n(count, (uint16_t)(*count - 1), __ATOMIC_RELAXED);
        zm_sample_count_end(sample);
    }
    zm_leaf_unlock();
    return found;
}
