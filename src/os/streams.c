/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * glibc's fork() takes the lock of the list of all streams after the handlers of pthread_atfork. If a
 * handler has taken a lock that allocations wait for (as those of the layer debug and of jemalloc
 * do), fork may wait for ever: another thread is in fflush(NULL) with the list and waits for a
 * stream, and a third has that stream, in getline(), and waits for memory. So the list is taken
 * first, in a handler that runs before all of ours. The same thread may take its lock again.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "os/streams.h"

/* Of glibc, and exported by it; nowhere else. */
void list_lock(void) __asm__("_IO_list_lock") __attribute__((weak));
void list_unlock(void) __asm__("_IO_list_unlock") __attribute__((weak));
void list_reset_lock(void) __asm__("_IO_list_resetlock") __attribute__((weak));

static bool have_streams(void)
{
    return list_lock != NULL && list_unlock != NULL && list_reset_lock != NULL;
}

static void before_fork(void)
{
    if (have_streams())
        list_lock();
}

static void after_fork(void)
{
    if (have_streams())
        list_unlock();
}

/* As glibc does, if the parent had other threads. */
static void after_fork_in_child(void)
{
    if (have_streams())
        list_reset_lock();
}

void zm_streams_watch_fork(void)
{
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
}
