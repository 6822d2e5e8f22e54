/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_TOOLS_H
#define BENCH_TOOLS_H

/* What footprint and startup share. */

#include <stdbool.h>
#include <stddef.h>

/* Reads a whole number from 1 to most; false, with value as it was, where the text is none. */
bool read_count(const char *text, size_t most, size_t *value);

/* Sorts the values. There is at least one; of an even number it is the mean of the two in the
 * middle. */
double median(double *values, size_t count);

/* Writes the text to stdout as a string of JSON, quotes included. */
void print_json_string(const char *text);

#endif
