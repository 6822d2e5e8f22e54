/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STORM_H
#define STORM_H

/*
 * What the storms share. Each runs on the backend that ZMALLOC_BACKEND names. It ends with status 0
 * and a line "figures: ..."; or with status 77 and a line "skipped: why" if the system does not
 * allow what it needs; otherwise it has found something, and says what on stderr.
 */

#include <stddef.h>
#include <stdint.h>

#include "support.h"

#define STATUS_SKIPPED 77
#define STATUS_USAGE 2

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define MIB ((size_t)1 << 20)

/* A number that the caller may pass as "--NAME N". */
struct setting {
    const char *name;
    uint64_t *value;
    uint64_t least;
    uint64_t most;
};

/* Reads them from the arguments; ends the program if one is wrong. */
void take_settings(char **arguments, const struct setting *settings, size_t count);

/* Seconds since an arbitrary moment. */
double seconds_now(void);
/* The most physical memory the process had, in MiB. */
size_t peak_resident(void);

/* Prints the allocator, then "figures: " and the rest as printf does. */
void tell_figures(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints why, and ends the program. */
void skip_storm(const char *why) __attribute__((noreturn));

#endif
