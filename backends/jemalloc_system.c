/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The system as the private jemalloc sees it; jemalloc.symbols gives these their names.
 *
 * System calls that may fail while it frees: jemalloc reports a failure by its own means and leaves
 * errno changed; these keep it, so that free does, at no cost when all goes well.
 */

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "internal.h"
#include "uninstrumented.h"

#define PRIVATE_COPY __attribute__((visibility("hidden")))

void *zm_je_mmap(void *address, size_t size, int protection, int flags, int fd,
                 off_t offset) PRIVATE_COPY;
int zm_je_munmap(void *address, size_t size) PRIVATE_COPY;
int zm_je_madvise(void *address, size_t size, int advice) PRIVATE_COPY;
int zm_je_mprotect(void *address, size_t size, int protection) PRIVATE_COPY;
int zm_je_pthread_key_create(pthread_key_t *key, void (*destructor)(void *value)) PRIVATE_COPY;

void *zm_je_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
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

/* Its one key, whose destructor gives back what it kept for the thread. */
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
