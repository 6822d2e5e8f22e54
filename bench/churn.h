/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_CHURN_H
#define BENCH_CHURN_H

/* Churn: free the block in a random slot and put one of a random size in its place. This is what
 * servers do, and what most targets are for. */

#include "workloads.h"

namespace churn
{

/* A program writes to its block, here at both ends, and reads it before freeing it. */
inline void write(void *block, std::size_t size)
{
    static_cast<volatile char *>(block)[0] = 1;
    static_cast<volatile char *>(block)[size - 1] = 1;
}

inline void read(void *block)
{
    benchmark::DoNotOptimize(*static_cast<volatile char *>(block));
}

/* The first blocks lie in the order of the slots. Run until that order has worn off. */
constexpr int WARM_UP = 16 * SLOTS;

/* One or two threads have SLOTS blocks each. More threads share the blocks of two, so the benchmark
 * measures the threads and not how many blocks fit the caches. */
inline std::size_t slots_of(const benchmark::State &state)
{
    return state.threads() <= 2 ? SLOTS : 2 * SLOTS / static_cast<std::size_t>(state.threads());
}

/* Calls warmed_up() before anything is measured. */
template <typename Replace, typename WarmedUp>
void run(benchmark::State &state, const subject &of, Replace replace, WarmedUp warmed_up)
{
    pin(state.thread_index());

    mix random(state.thread_index());
    slots blocks(of, random, slots_of(state));
    auto replace_one = [&] {
        random.step();
        void *&block = blocks[random.slot()];

        read(block);
        replace(block, random.size());
        write(block, random.size());
    };

    for (int i = 0; i < WARM_UP; i++)
        replace_one();
    warmed_up();
    for (auto _ : state)
        replace_one();
}

template <typename Replace> void run(benchmark::State &state, const subject &of, Replace replace)
{
    run(state, of, replace, [] {});
}

} // namespace churn

#endif
