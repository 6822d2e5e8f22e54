/* SPDX-License-Identifier: BSD-3-Clause */

#include "os/signals.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/*
 * Not on an alternative stack: those are often just large enough for the handler that they were made
 * for. So there is no handler for a stack that overflows: the system finds no room to call it, and
 * ends the process by SIGSEGV at once.
 */
void zm_signal_handle(int number, zm_signal_handler *handler)
{
    struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigaction before;
    int saved_errno = errno;

    ours.sa_sigaction = handler;
    sigfillset(&ours.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
        sigaction(number, &ours, NULL);
    errno = saved_errno;
}

/* With who sent it and why, and the address of a fault. */
static int send_again(int number, siginfo_t *info)
{
#ifdef SYS_rt_tgsigqueueinfo
    return (int)syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), number, info);
#else
    return -1;
#endif
}

/*
 * The signal is held back while its handler runs, and comes when that returns: the registers in a core
 * file are those of the program. What the handler interrupted may have waited for the signal with
 * another mask, as sigsuspend() does, and the mask that is restored must not hold it back.
 */
void zm_signal_let_end(int number, siginfo_t *info, void *context)
{
    struct sigaction none = {.sa_flags = 0};
    ucontext_t *interrupted = context;

    none.sa_handler = SIG_DFL;
    sigdelset(&interrupted->uc_sigmask, number);
    if (send_again(number, info) != 0)
        raise(number);
    sigaction(number, &none, NULL);
} /* GCOVR_EXCL_LINE: counters are written before */

void zm_signals_hold(sigset_t *before)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

void zm_signals_release(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}
