/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef COVERAGE_ENDINGS_H
#define COVERAGE_ENDINGS_H

/* Registers a function to call before the process ends by _exit() or abort(). */
void coverage_register(void (*write_counters)(void));

#endif
