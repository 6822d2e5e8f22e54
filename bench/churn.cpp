// SPDX-License-Identifier: BSD-3-Clause

// Churn: free the block in a random slot and put one of a random size in its place. This is what
// servers do, and what most targets are for.

#include "workloads.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <random>
#include <string>

namespace
{

std::vector<std::uint16_t> draw_sizes(std::size_t count)
{
    std::mt19937 random(20);
    auto between = [&](unsigned low, unsigned high) {
        return std::uniform_int_distribution<unsigned>(low, high)(random);
    };
    std::vector<std::uint16_t> sizes(count);

    for (std::uint16_t &size : sizes) {
        unsigned percent = between(1, 100);

        size = static_cast<std::uint16_t>(percent <= 70   ? between(16, 128)
                                          : percent <= 95 ? between(129, 1024)
                                                          : between(1025, 4096));
    }
    return sizes;
}

// A program writes to its block, here at both ends, and reads it before freeing it.
void write(void *block, std::size_t size)
{
    static_cast<volatile char *>(block)[0] = 1;
    static_cast<volatile char *>(block)[size - 1] = 1;
}

void read(void *block)
{
    benchmark::DoNotOptimize(*static_cast<volatile char *>(block));
}

// The first blocks lie in the order of the slots. Run until that order has worn off.
constexpr int WARM_UP = 16 * SLOTS;

// One or two threads have SLOTS blocks each. More threads share the blocks of two, so the benchmark
// measures the threads and not how many blocks fit the caches.
std::size_t slots_of(const benchmark::State &state)
{
    return state.threads() <= 2 ? SLOTS : 2 * SLOTS / static_cast<std::size_t>(state.threads());
}

template <typename Replace> void churn(benchmark::State &state, const subject &of, Replace replace)
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
    for (auto _ : state)
        replace_one();
}

void churn_plain(benchmark::State &state, const subject &of)
{
    churn(state, of, [free = of.free, alloc = of.alloc](void *&block, std::size_t size) {
        free(block);
        block = alloc(size);
    });
}

void churn_calloc(benchmark::State &state, const subject &of)
{
    churn(state, of, [free = of.free, calloc = of.calloc](void *&block, std::size_t size) {
        free(block);
        block = calloc(size);
    });
}

void churn_aligned(benchmark::State &state, const subject &of)
{
    churn(state, of, [free = of.free, alloc = of.aligned_alloc](void *&block, std::size_t size) {
        free(block);
        block = alloc(64, (size + 63) & ~std::size_t(63));
    });
}

void churn_usable(benchmark::State &state, const subject &of)
{
    churn(state, of,
          [free = of.free_usable, alloc = of.alloc_usable](void *&block, std::size_t size) {
              std::size_t usable;

              free(block, &usable);
              block = alloc(size, &usable);
          });
}

} // namespace

void pin(int thread)
{
    static const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(thread % processors), &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

mix::mix(int thread) : state_(0x9e3779b97f4a7c15u * static_cast<unsigned>(thread + 1))
{
    static const std::vector<std::uint16_t> sizes = draw_sizes(SIZES);

    sizes_ = sizes.data();
}

slots::slots(const subject &of, mix &random, std::size_t count)
    : free_(of.free), mask_(count - 1), blocks_(count)
{
    for (void *&block : blocks_) {
        random.step();
        block = of.alloc(random.size());
    }
}

slots::~slots()
{
    for (void *block : blocks_)
        free_(block);
}

void register_churn(const subject &of)
{
    auto add = [&](const char *workload, void (*run)(benchmark::State &, const subject &)) {
        return benchmark::RegisterBenchmark((std::string(workload) + "/" + of.name).c_str(),
                                            [run, of](benchmark::State &state) { run(state, of); });
    };

    add("churn", churn_plain)->Threads(1)->Threads(2)->Threads(4)->Threads(8)->Threads(16);
    add("churn_calloc", churn_calloc);
    add("churn_usable", churn_usable);
    add("churn_aligned", churn_aligned);
}
