/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DEBUG_LINES_H
#define DEBUG_LINES_H

/* The lines of the layer debug, taken apart. */

#include "support.h"

/*
 * That a child was killed with SIGABRT and told why in one line, which begins with "zmalloc: debug:
 * " and then as this says.
 */
void assert_told(const struct outcome *outcome, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Whether the layer can tell call stacks here. With another C library than glibc there may be no
 * unwinder; then each process says so in a first line, which pass_over_no_stacks() takes away.
 */
bool has_call_stacks(void);
void pass_over_no_stacks(struct outcome *outcome);
void skip_without_call_stacks(void);

/* How many addresses stand after that in the text: "allocated at". 0 where it is not there. */
size_t count_trace(const char *text, const char *after);
/* Whether one of them is within the code of the function, and none is the library's. */
bool trace_leads_to(const char *text, const char *after, void (*function)(void));

#endif
