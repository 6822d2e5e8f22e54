/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FORKING_H
#define FORKING_H

/* Shared by the tests of fork. */

#include "support.h"

/* Runs body in a child of the test, under the watchdog. The child must succeed. */
void run_and_check(void (*body)(void *argument));

/* In such a child: runs body in another child with its own watchdog, and waits for it. */
void fork_and_wait(void (*body)(void));
/* Waits for a process, which must succeed. */
void wait_for(pid_t pid);

/* Allocates and frees, and checks that exactly that is counted. No other thread may do so
 * meanwhile. */
void allocate_count_and_free(void);

/* The body of a thread that registers and ends. */
void *live_shortly(void *argument);

#endif
