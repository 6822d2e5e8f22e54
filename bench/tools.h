/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_TOOLS_H
#define BENCH_TOOLS_H

/* What footprint and startup share. */

#include <stdbool.h>
#include <stddef.h>

/* Reads a whole number from 1 to most. Returns false and leaves *value alone if the text is
 * something else. */
bool read_count(const char *text, size_t most, size_t *value);

/* Sorts the values, of which there is at least one. The median of an even number of values is the
 * mean of the two in the middle. */
double median(double *values, size_t count);

/* Writes the text to stdout as a string of JSON, quotes included. */
void print_json_string(const char *text);

#endif
