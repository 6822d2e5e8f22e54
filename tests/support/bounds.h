/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BOUNDS_H
#define BOUNDS_H

/* Threads that allocate and free, and beside them what was certainly and what may have been
 * allocated and freed: each reading of used memory has to lie between. Once in a process. */

#include "support.h"

/* Starts that many of them. */
void start_bounded_work(size_t threads);
/* Reads that often; one reading in per_brief_thread beside a thread that is gone soon. */
void check_readings(size_t count, size_t per_brief_thread);
/* Ends the threads and frees what they left; used memory is then 0. */
void end_bounded_work(void);

#endif
