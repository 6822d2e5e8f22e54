/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WORK_H
#define WORK_H

/* Threads that keep working while others fork: blocks that change hands on a shelf, threads that
 * come and go, and one that reads used memory. */

#include "support.h"

/* Starts that many allocating threads, and the two others. Returns when the shelf is full. */
void start_work(size_t allocating);
/* Ends them and clears the shelf; used memory is then 0. */
void end_work(void);

/* The body of a child: continues with what it has of the work of threads that it no longer has. */
void take_over_the_work(void);

#endif
