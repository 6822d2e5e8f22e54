// SPDX-License-Identifier: BSD-3-Clause

// Churn with each of a subject's functions, and what all workloads share.

#include "churn.h"

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

void churn_plain(benchmark::State &state, const subject &of)
{
    churn::run(state, of, [free = of.free, alloc = of.alloc](void *&block, std::size_t size) {
        free(block);
        block = alloc(size);
    });
}

void churn_calloc(benchmark::State &state, const subject &of)
{
    churn::run(state, of, [free = of.free, calloc = of.calloc](void *&block, std::size_t size) {
        free(block);
        block = calloc(size);
    });
}

void churn_aligned(benchmark::State &state, const subject &of)
{
    churn::run(state, of,
               [free = of.free, alloc = of.aligned_alloc](void *&block, std::size_t size) {
                   free(block);
                   block = alloc(64, (size + 63) & ~std::size_t(63));
               });
}

void churn_usable(benchmark::State &state, const subject &of)
{
    churn::run(state, of,
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
