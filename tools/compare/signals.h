/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_SIGNALS_H
#define TOOLS_SIGNALS_H

#include <stdbool.h>

/*
 * From here on Ctrl-C (SIGINT), SIGTERM, SIGHUP and the end of a child wait to be asked for:
 * nothing is interrupted, so everything can be put in order. What was ignored when the command was
 * started stays so.
 */
void watch_signals(void);

/* For a child, before it executes its program: all as it was before. */
void unwatch_signals(void);

/* The next of them, which it waits for; 0 after so many seconds without, INFINITY being no limit. */
int next_signal(double seconds);

/* Whether it asks the command to end. */
bool is_to_stop(int signal);

/* Whether one that asks to end has come, without waiting. It is no more there afterwards. */
bool stop_was_asked(void);

#endif
