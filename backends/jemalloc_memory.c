/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The system calls of the private jemalloc that may fail while it frees. jemalloc reports a failure
 * by its own means and leaves errno changed; these keep it, so that free does, at no cost when all
 * goes well. jemalloc.symbols gives them their names.
 */

#include <errno.h>
#include <sys/mman.h>

#include "internal.h"

#define PRIVATE_COPY __attribute__((visibility("hidden")))

void *zm_je_mmap(void *address, size_t size, int protection, int flags, int fd,
                 off_t offset) PRIVATE_COPY;
int zm_je_munmap(void *address, size_t size) PRIVATE_COPY;
int zm_je_madvise(void *address, size_t size, int advice) PRIVATE_COPY;
int zm_je_mprotect(void *address, size_t size, int protection) PRIVATE_COPY;

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
