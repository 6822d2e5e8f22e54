/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_THREAD_H
#define ZM_THREAD_H

/* What the library does with the calling thread: cancellation, and short waits. */

#include <pthread.h>
#include <time.h>

/*
 * No function of the library is a cancellation point. A thread cancelled in one would leave a
 * descriptor open or a lock taken, or would not reach the abort() after a message. So everything
 * that may be a cancellation point runs with cancellation off: files, the dynamic linker, an
 * allocator's own calls other than allocating and freeing. The handler of zmalloc_set_oom_handler()
 * runs with the thread's own setting.
 *
 *     int state = zm_cancel_off();
 *     ...
 *     zm_cancel_restore(state);
 */

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

/*
 * How long a fork waits for other threads to leave the dynamic linker. A thread that is stuck there
 * on a lock of the program's may be waiting for the forking thread, so the wait has an end.
 */
#define ZM_PATIENCE_MS 1000

static inline void zm_sleep_a_millisecond(void)
{
    struct timespec ms = {.tv_nsec = 1000 * 1000L};
    int state = zm_cancel_off();

    nanosleep(&ms, NULL);
    zm_cancel_restore(state);
}

#endif
