/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_RESIDENT_H
#define BENCH_RESIDENT_H

/*
 * Measurements of resident memory. Each leaves behind what it allocated, and threads that wait for
 * ever, and so is for a process of its own that ends then. Where something fails it says so and
 * ends the process with status 1.
 */

#include <stddef.h>

#include "subject.h"

/* Instead of a size: 70 % of sizes from 16 to 128, 25 % to 1 KiB, 5 % to 4 KiB, as in churn. */
#define MIX_OF_SIZES ((size_t)0)

struct load {
    struct subject of;
    size_t size;    /* of each object, or MIX_OF_SIZES */
    size_t objects; /* at least so many, */
    size_t bytes;   /* and at least so many bytes of them */
    size_t threads;
};

struct resident {
    double bytes;     /* of an object or a thread */
    double requested; /* of an object, the mean */
};

/* Objects that are all alive, every byte of them written. */
struct resident measure_objects(const struct load *load);

/* Threads that are all alive, have allocated and freed on both sides of the operation they register
 * with, and have nothing left. */
struct resident measure_threads(const struct load *load);

#endif
