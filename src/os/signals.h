/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_SIGNALS_H
#define ZM_SIGNALS_H

/* Signals of the process that the program does not handle. All of this may be called in a handler. */

#include <signal.h>

typedef void zm_signal_handler(int number, siginfo_t *info, void *context);

/* Handles the signal from now on, unless the program handles or ignores it. While the handler runs,
 * its thread gets no other signal. It is on the thread's own stack, above what the system puts there:
 * 8 KiB are to be enough for it. */
void zm_signal_handle(int number, zm_signal_handler *handler);

/* For a handler: once it returns, the process ends by the signal as if nobody had handled it. */
void zm_signal_let_end(int number, siginfo_t *info, void *context);

/* Holds back every signal of the thread that can be held back. */
void zm_signals_hold(sigset_t *before);
void zm_signals_release(const sigset_t *before);

#endif
