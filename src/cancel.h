/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_CANCEL_H
#define ZM_CANCEL_H

/*
 * No function of the library is a cancellation point. A thread that is cancelled in one would leave a
 * descriptor open or a lock taken, or would not come to the abort() behind a message. So whatever
 * calls what may be a cancellation point (files, the dynamic linker, an allocator's own doings apart
 * from allocating and freeing) does it with cancellation off. The handler of
 * zmalloc_set_oom_handler() is called with it as the thread has it.
 *
 *     int state = zm_cancel_off();
 *     ...
 *     zm_cancel_restore(state);
 */

#include <pthread.h>

static inline int zm_cancel_off(void)
{
    int state = PTHREAD_CANCEL_ENABLE;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    return state;
}

static inline void zm_cancel_restore(int state)
{
    pthread_setcancelstate(state, &state);
}

#endif
