/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include <stddef.h>

/* A line on a terminal (stderr) that says how far it is. Where there is none nothing is said. */

void begin_progress(void);

/* So many runs are done, so many there will be, and the one that begins now is on this backend. */
void show_progress(size_t done, size_t total, const char *backend);

/* The same line with the time of now, for who waits; NULL where nobody sees it. */
void (*progress_ticker(void))(void);

void end_progress(void);

#endif
