/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What only an archive of the system calls; what the library builds from source does without.
 * jemalloc.symbols gives these functions their names.
 */

#include <pthread.h>
#include <string.h>

#include "base.h"
#include "jemalloc_calls.h"

#define PRIVATE_COPY __attribute__((visibility("hidden")))

void *zm_je_sbrk(intptr_t increment) PRIVATE_COPY;
void *zm_je_dlsym(void *handle, const char *name) PRIVATE_COPY;
void *zm_je_mmap64(void *address, size_t size, int protection, int flags, int fd,
                   int64_t offset) PRIVATE_COPY;
int zm_je_open64(const char *path, int flags, ...) PRIVATE_COPY;
int zm_je_creat64(const char *path, mode_t mode) PRIVATE_COPY;
char *zm_je_getenv(const char *name) PRIVATE_COPY;

/*
 * The break belongs to malloc. Two allocators that move it, each under its own lock, get the same
 * memory. jemalloc would move it if mmap fails, or if it is told to.
 */
void *zm_je_sbrk(intptr_t increment)
{
    (void)increment;
    return (void *)-1;
}

/*
 * For the thread that purges in the background, jemalloc looks up the next pthread_create after its own
 * object, as it would have to if it replaced malloc. Inside this library that would miss a sanitizer's
 * pthread_create, without which a thread faults.
 */
void *zm_je_dlsym(void *handle, const char *name)
{
    (void)handle;
    return strcmp(name, "pthread_create") == 0 ? (void *)(uintptr_t)pthread_create : NULL;
}

/* GCOVR_EXCL_START: for an archive of a 32-bit machine that was built for large files */
void *zm_je_mmap64(void *address, size_t size, int protection, int flags, int fd, int64_t offset)
{
    return zm_je_mmap(address, size, protection, flags, fd, (long)offset);
}

int zm_je_open64(const char *path, int flags, ...)
{
    return zm_je_open(path, flags);
}

int zm_je_creat64(const char *path, mode_t mode)
{
    return zm_je_creat(path, mode);
}
/* GCOVR_EXCL_STOP */

/* GCOVR_EXCL_START: for an archive built without secure_getenv() */
char *zm_je_getenv(const char *name)
{
    return zm_je_secure_getenv(name);
}
/* GCOVR_EXCL_STOP */
