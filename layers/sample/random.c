/* SPDX-License-Identifier: BSD-3-Clause */

/* The random distances between samples, and what a sample stands for. No libm: the library needs the C
 * library alone. */

#include <pthread.h>
#include <string.h>

#include "../secret.h"
#include "sample.h"

#define LN2 0.693147180559945309417

static uint64_t state;

static void draw_seed(void)
{
    uint64_t secret[2];

    zm_draw_secret(secret);
    state = secret[0];
}

/* Processes that do the same must not all sample the same blocks, least of all to guard them. */
void zm_sample_random_start(const struct zm_sample_options *options)
{
    state = options->seed;
    if (options->has_seed)
        return;
    draw_seed();
    pthread_atfork(NULL, NULL, draw_seed);
}

/* splitmix64: every thread gets the next of one sequence. */
static uint64_t next_random(void)
{
    uint64_t mixed = __atomic_add_fetch(&state, UINT64_C(0x9e3779b97f4a7c15), __ATOMIC_RELAXED);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* The natural logarithm of a number of at least 1. */
static double logarithm(uint64_t number)
{
    unsigned exponent = 63 - (unsigned)__builtin_clzll(number);
    double mantissa = (double)number / (double)(UINT64_C(1) << exponent);
    double ratio = (mantissa - 1) / (mantissa + 1);
    double power = ratio;
    double sum = 0;
    static const double odd[] = {1, 1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9, 1.0 / 11};

    /* 2 artanh(ratio); ratio is at most a third. */
    for (unsigned i = 0; i < sizeof odd / sizeof *odd; i++) {
        sum += power * odd[i];
        power *= ratio * ratio;
    }
    return exponent * LN2 + 2 * sum;
}

size_t zm_sample_draw(size_t interval)
{
    double uniform = 64 * LN2 - logarithm(next_random() | 1);
    double distance = uniform * (double)interval;

    if (interval == 1)
        return 1; /* every block */
    return distance < (double)ZM_SIZE_LIMIT / 2 ? (size_t)distance + 1 : ZM_SIZE_LIMIT / 2;
}

/* 1 - exp(-x) for x of at least 0. */
static double probability(double x)
{
    unsigned halvings = 0;
    double term = 1;
    double sum = 0;

    if (x > 45)
        return 1;
    for (; x > 0.5; halvings++)
        x /= 2;
    for (int i = 1; i <= 14; i++) {
        term *= x / i;
        sum += i % 2 != 0 ? term : -term;
    }
    /* 1 - (1 - p)^2 */
    for (; halvings > 0; halvings--)
        sum = sum * (2 - sum);
    return sum;
}

uint64_t zm_sample_weight(size_t size, size_t interval)
{
    double one = probability((double)size / (double)interval);

    return interval == 1 ? ZM_SAMPLE_ONE : (uint64_t)(ZM_SAMPLE_ONE / one + 0.5);
}

bool zm_sample_happens(uint64_t part, uint64_t whole)
{
    return (double)next_random() * (double)whole < (double)part * 0x1p64;
}
