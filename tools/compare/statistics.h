/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_STATISTICS_H
#define TOOLS_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Random numbers ---- */

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

/* ---- Medians ---- */

/* A median, the interval in which it would lie in 95 of 100 repetitions, and the outermost values. */
struct summary {
    double median;
    double low;
    double high;
    double least;
    double most;
};

/*
 * With fewer values no interval of theirs reaches 95 %: both ends of five lie on one side of the
 * true median with a probability of 2 in 32.
 */
#define VALUES_FOR_INTERVAL 6

/*
 * Summarizes at least one value; sorts them. The interval is of the percentile bootstrap, always
 * with the same random numbers, so that the same values give the same interval.
 */
struct summary summarize(double *values, size_t count);

/* Whether the intervals have a point in common. */
bool overlap(const struct summary *a, const struct summary *b);

#endif
