/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FORKING_H
#define FORKING_H

/* What the tests of fork share. */

#include "support.h"

/* Runs body in a child of the test, under the watchdog; it must end well. */
void run_and_check(void (*body)(void *argument));

/* In there: runs body in a child with a watchdog of its own, and waits for it. */
void fork_and_wait(void (*body)(void));
/* Waits for a process, which must end well. */
void wait_for(pid_t pid);

/* Allocates and frees, and looks whether exactly that is counted; nobody else may meanwhile. */
void allocate_count_and_free(void);

/* The body of a thread that registers, and is gone. */
void *live_shortly(void *argument);

#endif
