/* SPDX-License-Identifier: BSD-3-Clause */

/* Random numbers for the order of runs and for resampling. */

#include "random.h"

#include <sys/random.h>
#include <time.h>

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
