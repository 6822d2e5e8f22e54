/* SPDX-License-Identifier: BSD-3-Clause */

/* A library with a private copy of jemalloc inside, which calls these functions of ours. */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unwind.h>

#include "use.h"

int host_run(const char *expected) __attribute__((visibility("default")));

void *my_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset);
int my_munmap(void *address, size_t size);
int my_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
_Unwind_Reason_Code my_unwind_backtrace(_Unwind_Trace_Fn trace, void *argument);
uintptr_t my_unwind_get_ip(struct _Unwind_Context *context);

/* Like zmalloc's. Where a library has such a variable, all of its thread-local storage has to be there when
 * it is opened. */
static _Thread_local unsigned runs __attribute__((tls_model("initial-exec")));

static bool started;
static bool maps;
static bool forks;

void *my_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    maps = true;
    return mmap(address, size, protection, flags, fd, offset);
}

int my_munmap(void *address, size_t size)
{
    return munmap(address, size);
}

/* If the copy had a constructor, it would come here too early. */
int my_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    if (!started) {
        fputs("jemalloc started by itself\n", stderr);
        abort();
    }
    forks = true;
    return pthread_atfork(prepare, parent, child);
}

_Unwind_Reason_Code my_unwind_backtrace(_Unwind_Trace_Fn trace, void *argument)
{
    (void)trace;
    (void)argument;
    return _URC_END_OF_STACK;
}

uintptr_t my_unwind_get_ip(struct _Unwind_Context *context)
{
    (void)context;
    return 0;
}

int host_run(const char *expected)
{
    int result;

    runs++;
    started = true;
    result = use_jemalloc(expected);
    if (!maps || !forks) {
        fputs("jemalloc does not call the functions of system.h\n", stderr);
        return 1;
    }
    return result;
}
