/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_AT_SIGNAL_H
#define ZM_AT_SIGNAL_H

#include "signal_names.h"

/*
 * From now on there is a report when the process ends by a signal that nobody handles, and whenever
 * the given one comes, if its number is not 0. What the program handles or ignores is left alone.
 */
void zm_report_at_signals(const struct zm_signal *whenever);

#endif
