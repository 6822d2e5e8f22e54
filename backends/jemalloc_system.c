/* SPDX-License-Identifier: BSD-3-Clause */

/* The system as the private jemalloc sees it. jemalloc.symbols gives these functions their
 * names. */

/* mmap as the archive calls it: with the platform's own off_t. */
#undef _FILE_OFFSET_BITS

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base.h"
#include "os/thread.h"
#include "uninstrumented.h"

#define PRIVATE_COPY __attribute__((visibility("hidden")))

void *zm_je_mmap(void *address, size_t size, int protection, int flags, int fd,
                 off_t offset) PRIVATE_COPY;
void *zm_je_mmap64(void *address, size_t size, int protection, int flags, int fd,
                   int64_t offset) PRIVATE_COPY;
int zm_je_munmap(void *address, size_t size) PRIVATE_COPY;
int zm_je_madvise(void *address, size_t size, int advice) PRIVATE_COPY;
int zm_je_mprotect(void *address, size_t size, int protection) PRIVATE_COPY;
void *zm_je_sbrk(intptr_t increment) PRIVATE_COPY;
void *zm_je_dlsym(void *handle, const char *name) PRIVATE_COPY;
int zm_je_open(const char *path, int flags, ...) PRIVATE_COPY;
int zm_je_open64(const char *path, int flags, ...) PRIVATE_COPY;
int zm_je_creat(const char *path, mode_t mode) PRIVATE_COPY;
int zm_je_creat64(const char *path, mode_t mode) PRIVATE_COPY;
int zm_je_close(int fd) PRIVATE_COPY;
int zm_je_pthread_key_create(pthread_key_t *key, void (*destructor)(void *value)) PRIVATE_COPY;
int zm_je_pthread_atfork(void (*prepare)(void), void (*parent)(void),
                         void (*child)(void)) PRIVATE_COPY;

/*
 * ---- System calls that may fail while it frees ----
 *
 * jemalloc reports a failure in its own way and leaves errno changed. These functions keep errno,
 * so free does too, and they cost nothing if the call succeeds.
 */

void *zm_je_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    int saved_errno = errno;
    void *mapped = mmap(address, size, protection, flags, fd, offset);

    errno = saved_errno;
    return mapped;
}

/* What a 32-bit archive built for large files calls; it maps no files. */
/* GCOVR_EXCL_START: the archive on 64-bit machines does not call it */
void *zm_je_mmap64(void *address, size_t size, int protection, int flags, int fd, int64_t offset)
{
    return zm_je_mmap(address, size, protection, flags, fd, (off_t)offset);
}
/* GCOVR_EXCL_STOP */

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

/* What a 32-bit archive built for large files calls. */
/* GCOVR_EXCL_START: the archive on 64-bit machines does not call them */
int zm_je_open64(const char *path, int flags, ...)
{
    return open_file(path, flags | O_LARGEFILE, 0);
}

int zm_je_creat64(const char *path, mode_t mode)
{
    return open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_LARGEFILE, mode);
}
/* GCOVR_EXCL_STOP */

/*
 * ---- The break ----
 *
 * The break belongs to malloc. Two allocators that move it, each under its own lock, get the same
 * memory. jemalloc would move it if mmap fails, or if it is told to.
 */

void *zm_je_sbrk(intptr_t increment)
{
    (void)increment;
    return (void *)-1;
}

/*
 * ---- The thread that purges in the background ----
 *
 * jemalloc looks up the next pthread_create after its own object, as it would have to if it
 * replaced malloc. Inside this library that would miss a sanitizer's pthread_create, without which
 * a thread faults.
 */

void *zm_je_dlsym(void *handle, const char *name)
{
    (void)handle;
    return strcmp(name, "pthread_create") == 0 ? (void *)(uintptr_t)pthread_create : NULL;
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
