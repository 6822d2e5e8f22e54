/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_SIGNAL_NAMES_H
#define ZM_SIGNAL_NAMES_H

/* The names of signals, and what each does to a process that does not handle it. The command uses
 * them, too. */

#include <stdbool.h>
#include <stddef.h>

enum zm_signal_effect {
    ZM_SIGNAL_ENDS,
    ZM_SIGNAL_IS_FAULT,  /* ends it; to return from a handler would repeat the fault */
    ZM_SIGNAL_NOTHING,   /* is ignored */
    ZM_SIGNAL_UNREPORTED /* stops or resumes it, or cannot be handled */
};

struct zm_signal {
    const char *name; /* without SIG */
    int number;
    enum zm_signal_effect effect;
};

/* The standard ones; the last has no name. Some have two names. */
extern const struct zm_signal zm_signals[];

/* By a name with or without SIG. Real-time signals are RTMIN, RTMIN+N, RTMAX and RTMAX-N. False if
 * there is no such signal. */
bool zm_signal_find(const char *name, size_t length, struct zm_signal *found);

/* The closest name that zm_signal_find() knows, or NULL if nothing is close. */
const char *zm_signal_nearest(const char *name, size_t length);

#endif
