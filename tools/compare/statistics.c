/* SPDX-License-Identifier: BSD-3-Clause */

/* The statistics of samples. */

#include "compare/statistics.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "verb.h"

/* ---- Random numbers, for the order of runs and for resampling ---- */

static uint64_t next(struct random *random)
{
    uint64_t mixed = random->state += 0x9e3779b97f4a7c15U;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
}

struct random random_unforeseen(void)
{
    struct random random;

    if (getrandom(&random.state, sizeof random.state, GRND_NONBLOCK) != sizeof random.state)
        random.state = (uint64_t)time(NULL);
    return random;
}

/* By multiplication: for limits this small the numbers are alike to one in 2^32. */
size_t random_below(struct random *random, size_t limit)
{
    return (size_t)(((next(random) >> 32) * limit) >> 32);
}

/* ---- The median of some values, and how sure it is ---- */

#define RESAMPLES 4000
#define SEED 20260101

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

static void sort(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
}

static double median(const double *sorted, size_t count)
{
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

/*
 * The median of as many values as there are, drawn from them with repetition. They are sorted, so
 * it is enough to count how often each was drawn and to go to the middle.
 */
static double resampled_median(const double *sorted, size_t count, unsigned *drawn,
                               struct random *random)
{
    size_t lower = 0;
    size_t upper;
    size_t passed;

    memset(drawn, 0, count * sizeof *drawn);
    for (size_t i = 0; i < count; i++)
        drawn[random_below(random, count)]++;
    passed = drawn[0];
    while (passed <= (count - 1) / 2)
        passed += drawn[++lower];
    upper = lower;
    while (passed <= count / 2)
        passed += drawn[++upper];
    return (sorted[lower] + sorted[upper]) / 2;
}

struct summary summarize(double *values, size_t count)
{
    struct random random = {SEED};
    double *medians = allocate(RESAMPLES, sizeof *medians);
    unsigned *drawn = allocate(count, sizeof *drawn);
    struct summary summary;

    sort(values, count);
    for (size_t i = 0; i < RESAMPLES; i++)
        medians[i] = resampled_median(values, count, drawn, &random);
    sort(medians, RESAMPLES);
    summary = (struct summary){
        .median = median(values, count),
        .low = medians[RESAMPLES / 40],
        .high = medians[RESAMPLES - 1 - RESAMPLES / 40],
        .least = values[0],
        .most = values[count - 1],
    };
    free(drawn);
    free(medians);
    return summary;
}

bool overlap(const struct summary *a, const struct summary *b)
{
    return a->low <= b->high && b->low <= a->high;
}
