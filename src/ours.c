/* SPDX-License-Identifier: BSD-3-Clause */

/* Objects that are part of zmalloc. Threads that choose at the same time may add the same. */

#include "ours.h"

#include <stddef.h>

static const void *addresses[ZM_OURS_MAX + 1] = {addresses};

void zm_ours_add(const void *address)
{
    const void *none = NULL;

    for (unsigned i = 0; i < ZM_OURS_MAX; i++, none = NULL)
        if (__atomic_load_n(&addresses[i], __ATOMIC_ACQUIRE) == address ||
            __atomic_compare_exchange_n(&addresses[i], &none, address, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
            return;
}

const void *zm_ours(unsigned number)
{
    return __atomic_load_n(&addresses[number], __ATOMIC_ACQUIRE);
}
