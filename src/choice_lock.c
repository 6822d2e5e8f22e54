/* SPDX-License-Identifier: BSD-3-Clause */

#include "choice_lock.h"

#include <pthread.h>

#include "os/thread.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local unsigned depth __attribute__((tls_model("initial-exec")));

/* Of the thread that holds the lock, from before it took it. */
static int cancel_state;

void zm_choice_lock(void)
{
    int state;

    if (depth++ > 0)
        return;
    state = zm_cancel_off();
    pthread_mutex_lock(&lock);
    cancel_state = state;
}

void zm_choice_unlock(void)
{
    int state = cancel_state;

    if (--depth > 0)
        return;
    pthread_mutex_unlock(&lock);
    zm_cancel_restore(state);
}

unsigned zm_choice_lock_depth(void)
{
    return depth;
}
