/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RECORDS_H
#define RECORDS_H

/* Reports that tests make other programs write. */

#include "support.h"

/* How often the part is in the text. */
size_t count_in(const char *text, const char *part);

/* Asserts that there is nothing but records of ZMALLOC_STATS=json in the text, each a line of its own.
 * Returns how many. */
size_t records_in(const char *text);

/* Asserts that the allocator was asked in none of them, as nothing in a signal handler may. */
void assert_allocator_unknown(const char *text);

/* Runs a part of signal_program.c, with ZMALLOC_STATS set, or unset if stats is NULL. */
struct outcome run_signal_part(const char *part, const char *stats);

#endif
