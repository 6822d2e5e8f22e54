/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Only for scripts/coverage.sh: a library that every program of that build needs. With it, a
 * process that ends by _exit(), abort(), or a signal that the library reports, writes its counters,
 * too. Each shared object has its own counters and registers here how to write them (counters.c).
 */

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "endings.h"

#define OBJECTS_MAX 16

static void (*writers[OBJECTS_MAX])(void);
static unsigned objects;

void coverage_register(void (*write_counters)(void))
{
    if (objects == OBJECTS_MAX)
        abort();
    writers[objects++] = write_counters;
}

/* Writing is a cancellation point, and the thread that ends the process may have been cancelled. */
static void stay(void)
{
    int state;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
}

static void write_all(void)
{
    stay();
    for (unsigned i = 0; i < objects; i++)
        writers[i]();
}

static _Noreturn void end(int status)
{
    for (;;)
        syscall(SYS_exit_group, status);
}

void _exit(int status)
{
    write_all();
    end(status);
}

void _Exit(int status)
{
    _exit(status);
}

/* In a child, without fork handlers: writing allocates, and a handler of SIGABRT may check whether
 * dying did. */
void abort(void)
{
    void (*real)(void);
    long child;

    stay();
    child = syscall(SYS_fork);
    if (child == 0) {
        write_all();
        end(0);
    }
    if (child > 0)
        waitpid((pid_t)child, NULL, 0);
    *(void **)&real = dlsym(RTLD_NEXT, "abort");
    real();
    end(EXIT_FAILURE);
}

/* The library gives a signal back its effect when it is to end the process. */
int sigaction(int number, const struct sigaction *action, struct sigaction *before)
{
    int (*real)(int number, const struct sigaction *action, struct sigaction *before);
    bool ends = action != NULL && action->sa_handler == SIG_DFL;
    long child = ends ? syscall(SYS_fork) : -1;

    if (child == 0) {
        write_all();
        end(0);
    }
    if (child > 0)
        waitpid((pid_t)child, NULL, 0);
    *(void **)&real = dlsym(RTLD_NEXT, "sigaction");
    return real(number, action, before);
}

/* gcc's own code writes when the objects are finalized. */
void exit(int status)
{
    void (*real)(int status);

    stay();
    *(void **)&real = dlsym(RTLD_NEXT, "exit");
    real(status);
    end(status);
}
