/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_OTHER_THREADS_H
#define ZM_OTHER_THREADS_H

/* For allocators that cannot return what other threads keep. */

#include <stdbool.h>

#include "zmalloc.h"

/* num_threads, see proc(5). */
#define THREADS_FIELD 20

/* Whether the process has other threads; true if unknown. */
static inline bool may_have_other_threads(void)
{
    long long threads;

    return zmalloc_get_proc_stat(THREADS_FIELD, &threads) != 0 || threads != 1;
}

#endif
