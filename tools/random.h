/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_RANDOM_H
#define TOOLS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/*
 * A sequence of numbers that depends on the seed alone (splitmix64): good enough to draw samples.
 */
struct random {
    uint64_t state;
};

/* A seed that nobody can foresee. */
struct random random_unforeseen(void);

/* A number from 0 to below limit, which is over 0 and below 2^32. */
size_t random_below(struct random *random, size_t limit);

#endif
