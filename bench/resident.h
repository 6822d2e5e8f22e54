/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_RESIDENT_H
#define BENCH_RESIDENT_H

/*
 * Measurements of resident memory. Each needs its own process, which ends afterwards: it leaves its
 * blocks allocated and its threads waiting for ever. On failure it prints a message and ends the
 * process with status 1.
 */

#include <stddef.h>

#include "subject.h"

/* Instead of a size: 70 % of sizes from 16 to 128, 25 % up to 1 KiB, 5 % up to 4 KiB, as in
 * churn. */
#define MIX_OF_SIZES ((size_t)0)

struct load {
    struct subject of;
    size_t size;    /* of each object, or MIX_OF_SIZES */
    size_t objects; /* at least this many, */
    size_t bytes;   /* and at least this many bytes of them */
    size_t threads;
};

struct resident {
    double bytes;     /* of an object or a thread */
    double requested; /* of an object, on average */
};

/* Objects that are all live, with every byte written. */
struct resident measure_objects(const struct load *load);

/* Threads that are all alive. Each has allocated and freed until it was registered and beyond, and
 * holds nothing any more. */
struct resident measure_threads(const struct load *load);

#endif
