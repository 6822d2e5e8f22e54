/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_REPORT_H
#define ZM_REPORT_H

/* Writes reports, one after the other, whoever asks for them: exit(), or a signal handler that may
 * have interrupted anything. */

#include "stats/report_request.h"

/* Remembers the form and a copy of the file's name. Called once, when the library is loaded. */
void zm_report_prepare(const struct zm_report_request *request);

enum zm_report_by {
    ZM_BY_SIGNAL,     /* the process goes on */
    ZM_BY_END_SIGNAL, /* it ends by the signal */
    ZM_BY_EXIT,       /* a backend has been chosen, and this is no handler */
};

/*
 * Writes a report, or has the thread that is just writing one write another. For the end of the
 * process only the first request counts, and the thread waits until everything is written. Keeps
 * errno.
 */
void zm_report(enum zm_report_by by);

/* Prints a line that says why there is no report. */
void zm_report_tell(const char *trouble);

#endif
