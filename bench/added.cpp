// SPDX-License-Identifier: BSD-3-Clause

// What zones, limits and samples add to zmalloc: the same loop, with and without. The subjects are zmalloc,
// and beside it one that has a zone or a limit, or whose blocks are sampled.

#include "churn.h"

#include <atomic>
#include <string>

#include "zmalloc.h"
#include "zmalloc_sample.h"
#include "zmalloc_zone.h"

namespace
{

// ---- Zones: the pointers are called, as those of a subject ----

zmalloc_zone *zone;

struct zone_functions {
    void *(*alloc)(zmalloc_zone *zone, std::size_t size);
    void (*free)(zmalloc_zone *zone, void *ptr);
};

zone_functions in_zone = {zmalloc_in, zfree_in};

// For the blocks that are there before anything is measured, and after.
subject subject_in_zone(const subject &of)
{
    subject in = of;

    in.name = "zone";
    in.alloc = [](std::size_t size) { return zmalloc_in(zone, size); };
    in.free = [](void *ptr) { zfree_in(zone, ptr); };
    return in;
}

void churn_in_zone(benchmark::State &state, const subject &of)
{
    churn::run(state, of, [to = zone, functions = in_zone](void *&block, std::size_t size) {
        functions.free(to, block);
        block = functions.alloc(to, size);
    });
}

void churn_without(benchmark::State &state, const subject &of)
{
    churn::run(state, of, [free = of.free, alloc = of.alloc](void *&block, std::size_t size) {
        free(block);
        block = alloc(size);
    });
}

template <typename Alloc, typename Free> void pair(benchmark::State &state, Alloc alloc, Free free)
{
    pin(0);
    for (auto _ : state) {
        void *block = alloc(64);

        benchmark::DoNotOptimize(block);
        free(block);
    }
}

void pair_in_zone(benchmark::State &state, const subject &)
{
    pair(
        state, [to = zone, alloc = in_zone.alloc](std::size_t size) { return alloc(to, size); },
        [to = zone, free = in_zone.free](void *block) { free(to, block); });
}

void pair_without(benchmark::State &state, const subject &of)
{
    pair(state, of.alloc, of.free);
}

// ---- Limits: churn with nothing, with a limit that is far, and with one that is near ----

constexpr std::size_t FAR = std::size_t(1) << 40;

// How many times what is in use: there is as much room again.
constexpr std::size_t NEAR = 2;

// The first thread sets the limit when all have their blocks, and takes it away when all are done:
// both ends of the measured loop are barriers.
template <typename Limit> void churn_within(benchmark::State &state, const subject &of, Limit limit)
{
    static std::atomic<int> warm{0};
    auto warmed_up = [&] {
        warm++;
        if (state.thread_index() != 0)
            return;
        while (warm != state.threads())
            ;
        warm = 0;
        zmalloc_set_limit(limit());
    };

    churn::run(
        state, of,
        [free = of.free, alloc = of.alloc](void *&block, std::size_t size) {
            free(block);
            block = alloc(size);
        },
        warmed_up);
    if (state.thread_index() == 0)
        zmalloc_set_limit(SIZE_MAX);
}

void churn_unlimited(benchmark::State &state, const subject &of)
{
    churn_within(state, of, [] { return SIZE_MAX; });
}

void churn_far(benchmark::State &state, const subject &of)
{
    churn_within(state, of, [] { return FAR; });
}

void churn_near(benchmark::State &state, const subject &of)
{
    churn_within(state, of, [] { return NEAR * zmalloc_used_memory(); });
}

// ---- Samples: churn under the layer, with no block sampled, and one for so many bytes on average ----

void churn_sampled_every(benchmark::State &state, const subject &of, std::size_t interval)
{
    if (interval != SIZE_MAX)
        zmalloc_sample_start(interval);
    churn_without(state, of);
    zmalloc_sample_stop();
}

void churn_unsampled(benchmark::State &state, const subject &of)
{
    churn_sampled_every(state, of, SIZE_MAX);
}

void churn_every_512k(benchmark::State &state, const subject &of)
{
    churn_sampled_every(state, of, std::size_t(512) << 10);
}

void churn_every_64k(benchmark::State &state, const subject &of)
{
    churn_sampled_every(state, of, std::size_t(64) << 10);
}

// It cannot come later, so a process has it for all that it measures, or not.
bool has_layer_sample()
{
    return zmalloc_sample_stop() == 0;
}

} // namespace

void register_added(const subject &of)
{
    zone = zmalloc_zone_create("bench", nullptr);

    auto add = [](const char *name, void (*run)(benchmark::State &, const subject &),
                  const subject &with) {
        return benchmark::RegisterBenchmark(
            name, [run, with](benchmark::State &state) { run(state, with); });
    };

    add("churn_zone/zmalloc", churn_without, of);
    add("churn_zone/zone", churn_in_zone, subject_in_zone(of));
    add("pair_zone/zmalloc", pair_without, of);
    add("pair_zone/zone", pair_in_zone, of);
    add("churn_limit/zmalloc", churn_unlimited, of)->Threads(1)->Threads(2);
    add("churn_limit/far-limit", churn_far, of)->Threads(1)->Threads(2);
    add("churn_limit/near-limit", churn_near, of)->Threads(1)->Threads(2);
    if (has_layer_sample()) {
        add("churn_sample/zmalloc", churn_unsampled, of);
        add("churn_sample/every-512K", churn_every_512k, of);
        add("churn_sample/every-64K", churn_every_64k, of);
    }
}
