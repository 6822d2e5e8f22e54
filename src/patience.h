/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_PATIENCE_H
#define ZM_PATIENCE_H

/*
 * How long a fork waits for other threads to come out of the dynamic linker. One that is held up there
 * by a lock of the program's may be waiting for the thread that forks, so the wait has an end.
 */

#include <time.h>

#include "cancel.h"

#define ZM_PATIENCE_MS 1000

static inline void zm_sleep_a_millisecond(void)
{
    struct timespec ms = {.tv_nsec = 1000 * 1000L};
    int state = zm_cancel_off();

    nanosleep(&ms, NULL);
    zm_cancel_restore(state);
}

#endif
