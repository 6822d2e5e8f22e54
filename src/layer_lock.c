/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The one lock of the layers' tables, and their memory. Under it, nothing calls the backend below,
 * the dynamic linker, or the program. So it cannot get in the way of another lock.
 *
 * For fork, it is taken after the lock of the choice, because its handlers are registered before the
 * handlers of that lock (zmalloc.c). Handlers of the program that are registered after both run without any of them.
 * Handlers registered before may allocate: the forking thread has the lock.
 *
 * The unwinder may take a lock of the dynamic linker (with glibc before 2.35, and on 32 bits). If
 * another thread held it at the fork, the child would wait for it for ever. So fork waits until
 * nobody unwinds.
 */

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "base.h"
#include "layer_lock.h"
#include "os/thread.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
/* The thread that holds the lock for a fork() in progress. */
static uintptr_t forker;
/* How many threads unwind, or are about to notice that a fork() is in progress. */
static size_t unwinding;
/* How often this thread is among them, since a signal handler may fork. Counted before the one
 * above. */
static _Thread_local size_t unwinding_here __attribute__((tls_model("initial-exec")));
/* Written by the forking thread: what the child is to find in the one above. */
static size_t unwinding_forker;

static bool held_for_fork(void)
{
    return __atomic_load_n(&forker, __ATOMIC_RELAXED) == (uintptr_t)pthread_self();
}

void zm_leaf_lock(void)
{
    if (!held_for_fork())
        pthread_mutex_lock(&mutex);
}

bool zm_leaf_try_lock(void)
{
    return held_for_fork() || pthread_mutex_trylock(&mutex) == 0;
}

void zm_leaf_unlock(void)
{
    if (!held_for_fork())
        pthread_mutex_unlock(&mutex);
}

static void wait_for_fork(void)
{
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
}

static void enter(void)
{
    unwinding_here++;
    __atomic_add_fetch(&unwinding, 1, __ATOMIC_SEQ_CST);
}

static void leave(void)
{
    __atomic_sub_fetch(&unwinding, 1, __ATOMIC_RELEASE);
    unwinding_here--;
}

/* A thread that has the lock never waits here, because there is no fork then. */
void zm_leaf_begin_unwinding(void)
{
    if (held_for_fork())
        return;
    enter();
    while (__atomic_load_n(&forker, __ATOMIC_SEQ_CST) != 0) {
        leave();
        wait_for_fork();
        enter();
    }
}

void zm_leaf_end_unwinding(void)
{
    if (!held_for_fork())
        leave();
}

static void before_fork(void)
{
    int saved_errno = errno;
    size_t count;

    pthread_mutex_lock(&mutex);
    __atomic_store_n(&forker, (uintptr_t)pthread_self(), __ATOMIC_SEQ_CST);
    count = __atomic_load_n(&unwinding, __ATOMIC_SEQ_CST);
    for (int ms = 0; count > unwinding_here && ms < ZM_PATIENCE_MS; ms++) {
        /* GCOVR_EXCL_START: whether a thread unwinds just then */
        zm_sleep_a_millisecond();
        count = __atomic_load_n(&unwinding, __ATOMIC_SEQ_CST);
        /* GCOVR_EXCL_STOP */
    }
    unwinding_forker = count < unwinding_here ? count : unwinding_here;
    errno = saved_errno;
}

static void after_fork(void)
{
    __atomic_store_n(&forker, 0, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&mutex);
}

/* The child does not have the threads that were about to notice the fork. */
static void after_fork_in_child(void)
{
    __atomic_store_n(&unwinding, unwinding_forker, __ATOMIC_RELAXED);
    after_fork();
}

__attribute__((constructor(101))) static void watch_fork(void)
{
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

/* From the leak sanitizer, if there is one. */
void __lsan_register_root_region(const void *begin, size_t size) __attribute__((weak));
void __lsan_unregister_root_region(const void *begin, size_t size) __attribute__((weak));

/* Blocks that only the table knows are in quarantine, and are no leaks. */
void *zm_leaf_map(size_t size)
{
    int saved_errno = errno;
    void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    errno = saved_errno;
    if (mapped == MAP_FAILED)
        return NULL;
    if (__lsan_register_root_region != NULL)       /* GCOVR_EXCL_BR_LINE: with the sanitizer */
        __lsan_register_root_region(mapped, size); /* GCOVR_EXCL_LINE: with the sanitizer */
    return mapped;
}

void zm_leaf_unmap(void *mapped, size_t size)
{
    int saved_errno = errno;

    if (__lsan_unregister_root_region != NULL)       /* GCOVR_EXCL_BR_LINE: as there */
        __lsan_unregister_root_region(mapped, size); /* GCOVR_EXCL_LINE: as there */
    munmap(mapped, size);
    errno = saved_errno;
}
