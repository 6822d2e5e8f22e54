/* SPDX-License-Identifier: BSD-3-Clause */

/* Signals that are taken when there is time for them. */

#include "compare/signals.h"

#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

static const int stopping[] = {SIGINT, SIGTERM, SIGHUP};

#define STOPPING (sizeof stopping / sizeof *stopping)

static sigset_t watched;
static sigset_t before;

static bool is_ignored(int signal)
{
    struct sigaction action;

    return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void watch_signals(void)
{
    /* Where it was ignored children would leave no status. */
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    for (size_t i = 0; i < STOPPING; i++)
        if (!is_ignored(stopping[i]))
            sigaddset(&watched, stopping[i]);
    sigprocmask(SIG_BLOCK, &watched, &before);
}

void unwatch_signals(void)
{
    sigprocmask(SIG_SETMASK, &before, NULL);
}

int next_signal(double seconds)
{
    bool is_endless = isinf(seconds);
    struct timespec limit = {0};
    int signal;

    if (!is_endless && seconds > 0) {
        limit.tv_sec = (time_t)seconds;
        limit.tv_nsec = (long)((seconds - (double)limit.tv_sec) * 1e9);
    }
    signal = sigtimedwait(&watched, NULL, is_endless ? NULL : &limit);
    return signal > 0 ? signal : 0;
}

bool is_to_stop(int signal)
{
    for (size_t i = 0; i < STOPPING; i++)
        if (stopping[i] == signal)
            return true;
    return false;
}

bool stop_was_asked(void)
{
    int signal;

    while ((signal = next_signal(0)) != 0)
        if (is_to_stop(signal))
            return true;
    return false;
}
