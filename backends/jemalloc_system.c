/* SPDX-License-Identifier: BSD-3-Clause */

/* The system as the private jemalloc sees it. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base.h"
#include "jemalloc_calls.h"
#include "os/thread.h"
#include "uninstrumented.h"

/*
 * ---- System calls that may fail while it frees ----
 *
 * jemalloc reports a failure in its own way and leaves errno changed. These functions keep errno,
 * so free does too, and they cost nothing if the call succeeds.
 */

void *zm_je_mmap(void *address, size_t size, int protection, int flags, int fd, long offset)
{
    int saved_errno = errno;
    void *mapped = mmap(address, size, protection, flags, fd, offset);

    errno = saved_errno;
    return mapped;
}

int zm_je_munmap(void *address, size_t size)
{
    int saved_errno = errno;
    int result = munmap(address, size);

    errno = saved_errno;
    return result;
}

int zm_je_madvise(void *address, size_t size, int advice)
{
    int saved_errno = errno;
    int result = madvise(address, size, advice);

    errno = saved_errno;
    return result;
}

int zm_je_mprotect(void *address, size_t size, int protection)
{
    int saved_errno = errno;
    int result = mprotect(address, size, protection);

    errno = saved_errno;
    return result;
}

/*
 * ---- Files ----
 *
 * If MALLOC_CONF asks for it, an allocation may write a heap profile, and must still not be a
 * cancellation point. jemalloc reads and writes without the C library. It creates files only by
 * creat(), so open() has no mode.
 */

static int open_file(const char *path, int flags, mode_t mode)
{
    int state = zm_cancel_off();
    int fd = open(path, flags, mode);

    zm_cancel_restore(state);
    return fd;
}

int zm_je_open(const char *path, int flags, ...)
{
    return open_file(path, flags, 0);
}

int zm_je_creat(const char *path, mode_t mode)
{
    return open_file(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int zm_je_close(int fd)
{
    int state = zm_cancel_off();
    int result = close(fd);

    zm_cancel_restore(state);
    return result;
}

/* ---- Thread exit: its one key, whose destructor gives back what it kept for the thread ---- */

static void (*thread_destructor)(void *value);

static void thread_exits(void *value)
{
    INSIDE_ALLOCATOR;
    thread_destructor(value);
}

int zm_je_pthread_key_create(pthread_key_t *key, void (*destructor)(void *value))
{
    thread_destructor = destructor;
    return pthread_key_create(key, thread_exits);
}

/*
 * ---- fork ----
 *
 * Fork runs its prepare handlers in reverse order of registration. jemalloc registers its own when
 * it starts, which is when it is chosen. Handlers that the program registered before would then run
 * while jemalloc holds its locks, and could not allocate. So we register ours early, in place of
 * jemalloc's.
 */

static void (*fork_prepare)(void);
static void (*fork_parent)(void);
static void (*fork_child)(void);

int zm_je_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    fork_parent = parent;
    fork_child = child;
    fork_prepare = prepare;
    return 0;
}

static void before_fork(void)
{
    INSIDE_ALLOCATOR;
    if (fork_prepare != NULL)
        fork_prepare();
}

static void after_fork_in_parent(void)
{
    INSIDE_ALLOCATOR;
    if (fork_parent != NULL)
        fork_parent();
}

static void after_fork_in_child(void)
{
    INSIDE_ALLOCATOR;
    if (fork_child != NULL)
        fork_child();
}

/* Before those of zmalloc.c, which therefore take the lock of the choice first. */
__attribute__((constructor(101))) static void watch_fork(void)
{
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
