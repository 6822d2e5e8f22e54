/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BOUNDS_H
#define BOUNDS_H

/* Threads that allocate and free, and keep bounds: what was certainly, and what may have been,
 * allocated and freed. Each reading of used memory has to lie between them. Once per process. */

#include "support.h"

/* Starts that many threads. */
void start_bounded_work(size_t threads);
/* Reads that often; one reading in per_brief_thread happens beside a short-lived thread. */
void check_readings(size_t count, size_t per_brief_thread);
/* Ends the threads and frees what they left; used memory is then 0. */
void end_bounded_work(void);

#endif
