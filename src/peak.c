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

#define SECTIONS 64

static struct {
    unsigned taken;
    size_t peak;
} sections[SECTIONS];

/* How many are taken: usually none has to be looked at. */
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

int zmalloc_peak_begin(void)
{
    for (int i = 0; i < SECTIONS; i++) {
        unsigned taken = 0;

        if (!__atomic_compare_exchange_n(&sections[i].taken, &taken, 1, false, __ATOMIC_ACQUIRE,
                                         __ATOMIC_RELAXED))
            continue;
        __atomic_store_n(&sections[i].peak, 0, __ATOMIC_RELAXED);
        __atomic_fetch_add(&section_count, 1, __ATOMIC_RELEASE);
        look();
        return i;
    }
    errno = EAGAIN;
    return -1;
}

size_t zmalloc_peak_end(int section)
{
    size_t result;

    if (section < 0 || section >= SECTIONS ||
        __atomic_load_n(&sections[section].taken, __ATOMIC_ACQUIRE) == 0) {
        errno = EINVAL;
        return 0;
    }
    look();
    result = __atomic_load_n(&sections[section].peak, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&section_count, 1, __ATOMIC_RELEASE);
    __atomic_store_n(&sections[section].taken, 0, __ATOMIC_RELEASE);
    return result;
}

void zm_peak_show(volatile uint64_t *entry)
{
    entry[ZM_WINDOW_PEAK] = zm_window_address(&peak);
}
