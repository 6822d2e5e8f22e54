/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DEBUG_LINES_H
#define DEBUG_LINES_H

/* Takes the lines of the layer debug apart. */

#include "support.h"

/*
 * Asserts that a child was killed with SIGABRT after it printed one line, which begins with
 * "zmalloc: debug: " and continues like this.
 */
void assert_told(const struct outcome *outcome, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Whether the layer can show call stacks here. With another C library than glibc there may be no
 * unwinder; then each process says so in a first line, which pass_over_no_stacks() removes.
 */
bool has_call_stacks(void);
void pass_over_no_stacks(struct outcome *outcome);
void skip_without_call_stacks(void);

/* How many addresses follow this in the text: "allocated at". 0 if it is missing. */
size_t count_trace(const char *text, const char *after);
/* Whether one of them is in the code of the function, and none in the library's. */
bool trace_leads_to(const char *text, const char *after, void (*function)(void));

#endif
