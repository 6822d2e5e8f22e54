/* SPDX-License-Identifier: BSD-3-Clause */

/* Sums by call stack. Changed under the lock. */

#include "layer_lock.h"
#include "sample.h"

#define AT_ONCE ((zm_stack_number)1 << 10)
#define CHUNKS 1024

/* Those of number n are in chunk n / AT_ONCE. */
static struct zm_sample_sums *chunks[CHUNKS];

static struct zm_sample_sums *sums_of(zm_stack_number stack)
{
    return &chunks[stack / AT_ONCE][stack % AT_ONCE];
}

bool zm_sample_has_sums(zm_stack_number stack)
{
    struct zm_sample_sums **chunk = &chunks[stack / AT_ONCE];

    if (*chunk == NULL)
        *chunk = zm_leaf_map(AT_ONCE * sizeof **chunk);
    return *chunk != NULL;
}

void zm_sample_count_begin(const struct zm_sample *sample, bool is_new)
{
    struct zm_sample_sums *sums = sums_of(sample->stack);
    uint64_t blocks = sample->weight;

    sums->live_blocks += blocks;
    sums->live_bytes += blocks * sample->size;
    if (is_new) {
        sums->all_blocks += blocks;
        sums->all_bytes += blocks * sample->size;
    }
}

void zm_sample_count_end(const struct zm_sample *sample)
{
    struct zm_sample_sums *sums = sums_of(sample->stack);
    uint64_t blocks = sample->weight;

    sums->live_blocks -= blocks;
    sums->live_bytes -= blocks * sample->size;
}

struct zm_sample_sums zm_sample_sums(zm_stack_number stack)
{
    struct zm_sample_sums sums = {0};

    zm_leaf_lock();
    if (chunks[stack / AT_ONCE] != NULL)
        sums = *sums_of(stack);
    zm_leaf_unlock();
    return sums;
}
