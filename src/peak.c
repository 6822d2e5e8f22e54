/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The peak: the largest sum that was looked at. Every thread looks once for every MiB that it
 * allocates (budget.c), so the peak is at most 1 MiB for each thread below the truth. A section is a
 * peak of its own, from its beginning to its end. There is a fixed number of places for them, which
 * are taken and left without a lock.
 */

#include "peak.h"
#include "accounting.h"
#include "window.h"

#include <errno.h>

static size_t peak;

/* ---- Sections ---- */

/* Of the process, and as many of single threads behind them. */
#define SECTIONS 64
#define OWN_SECTIONS 64

static struct section {
    unsigned taken;
    size_t peak;
    /* Of a thread's own allocations, its thread. What it had at the beginning is subtracted. */
    const struct zm_thread *owner;
    size_t base;
} sections[SECTIONS + OWN_SECTIONS];

/* How many of the process are taken: usually none has to be looked at. */
static unsigned section_count;

void zm_raise(size_t *highest, size_t used)
{
    size_t before = __atomic_load_n(highest, __ATOMIC_RELAXED);

    while (before < used && !__atomic_compare_exchange_n(highest, &before, used, true,
                                                         __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

void zm_peak_saw(size_t used)
{
    zm_raise(&peak, used);
    if (__atomic_load_n(&section_count, __ATOMIC_ACQUIRE) == 0)
        return;
    for (unsigned i = 0; i < SECTIONS; i++)
        if (__atomic_load_n(&sections[i].taken, __ATOMIC_ACQUIRE) != 0)
            zm_raise(&sections[i].peak, used);
}

/* If it has freed more than it has allocated since, it has nothing. */
static void see_own(struct section *section, size_t net)
{
    size_t since = net - section->base;

    zm_raise(&section->peak, since <= SIZE_MAX / 2 ? since : 0);
}

/* Only the thread itself changes its sections, unless another ends them. */
void zm_peak_look_at_own(void)
{
    size_t net;

    if (zm_thread.own_sections == 0 || !zm_accounting_own(&net))
        return;
    for (unsigned i = SECTIONS; i < SECTIONS + OWN_SECTIONS; i++)
        if (__atomic_load_n(&sections[i].owner, __ATOMIC_ACQUIRE) == &zm_thread)
            see_own(&sections[i], net);
}

size_t zm_peak(void)
{
    return __atomic_load_n(&peak, __ATOMIC_RELAXED);
}

static void look(void)
{
    zm_peak_saw(zm_accounting_sum());
}

size_t zmalloc_peak_memory(void)
{
    look();
    return zm_peak();
}

/* A look that began before may end after it: what was in use while this is called may count. */
void zmalloc_reset_peak(void)
{
    __atomic_store_n(&peak, 0, __ATOMIC_SEQ_CST);
    look();
}

/* One of those from first to end. NULL with errno set if all are taken. */
static struct section *take_section(unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++) {
        unsigned taken = 0;

        if (!__atomic_compare_exchange_n(&sections[i].taken, &taken, 1, false, __ATOMIC_ACQUIRE,
                                         __ATOMIC_RELAXED))
            continue;
        __atomic_store_n(&sections[i].peak, 0, __ATOMIC_RELAXED);
        return &sections[i];
    }
    errno = EAGAIN;
    return NULL;
}

int zmalloc_peak_begin(void)
{
    struct section *section = take_section(0, SECTIONS);

    if (section == NULL)
        return -1;
    __atomic_fetch_add(&section_count, 1, __ATOMIC_RELEASE);
    look();
    return (int)(section - sections);
}

/* How many the calling thread has. Others may have ended some, and it may have the address of a
 * thread that ended before its sections. */
static unsigned char count_own(void)
{
    unsigned char count = 0;

    for (unsigned i = SECTIONS; i < SECTIONS + OWN_SECTIONS; i++) {
        if (__atomic_load_n(&sections[i].owner, __ATOMIC_ACQUIRE) != &zm_thread)
            continue;
        if (zm_thread.own_sections == 0)
            __atomic_store_n(&sections[i].owner, NULL, __ATOMIC_RELAXED);
        else
            count++;
    }
    return count;
}

int zmalloc_peak_begin_thread(void)
{
    struct section *section;
    size_t net;

    if (!zm_accounting_own(&net)) {
        errno = EAGAIN;
        return -1;
    }
    section = take_section(SECTIONS, SECTIONS + OWN_SECTIONS);
    if (section == NULL)
        return -1;
    zm_thread.own_sections = (unsigned char)(count_own() + 1);
    section->base = net;
    __atomic_store_n(&section->owner, &zm_thread, __ATOMIC_RELEASE);
    return (int)(section - sections);
}

/* Its last look. */
static void close_section(struct section *section)
{
    if (section < sections + SECTIONS) {
        look();
        __atomic_fetch_sub(&section_count, 1, __ATOMIC_RELEASE);
    } else if (zm_thread.own_sections != 0 &&
               __atomic_load_n(&section->owner, __ATOMIC_ACQUIRE) == &zm_thread) {
        zm_peak_look_at_own();
        zm_thread.own_sections--;
    }
    __atomic_store_n(&section->owner, NULL, __ATOMIC_RELAXED);
}

size_t zmalloc_peak_end(int number)
{
    struct section *section;
    size_t result;

    if (number < 0 || number >= SECTIONS + OWN_SECTIONS ||
        __atomic_load_n(&sections[number].taken, __ATOMIC_ACQUIRE) == 0) {
        errno = EINVAL;
        return 0;
    }
    section = &sections[number];
    close_section(section);
    result = __atomic_load_n(&section->peak, __ATOMIC_RELAXED);
    __atomic_store_n(&section->taken, 0, __ATOMIC_RELEASE);
    return result;
}

void zm_peak_show(volatile uint64_t *entry)
{
    entry[ZM_WINDOW_PEAK] = zm_window_address(&peak);
}
