// SPDX-License-Identifier: BSD-3-Clause

// One thread, one block at a time: a pair, a growing string, large blocks.

#include "workloads.h"

#include <string>

namespace
{

// One block of 64 bytes, allocated and freed.
void pair(benchmark::State &state, const subject &of)
{
    pin(0);

    auto alloc = of.alloc;
    auto free = of.free;

    for (auto _ : state) {
        void *block = alloc(64);

        benchmark::DoNotOptimize(block);
        free(block);
    }
}

// Strings that grow in turn, like the buffers of a server's clients, until they have the size they
// want; then they start again. An operation is one reallocation.
constexpr std::size_t STRINGS = 64;
constexpr std::size_t FIRST_SIZE = 16;

template <typename Next>
void grow(benchmark::State &state, const subject &of, std::size_t limit, Next next)
{
    pin(0);

    struct string {
        void *bytes;
        std::size_t size;
    };
    std::vector<string> strings(STRINGS);
    std::size_t at = 0;

    for (string &each : strings)
        each = {of.alloc(FIRST_SIZE), FIRST_SIZE};
    for (auto _ : state) {
        string &each = strings[at++ % STRINGS];

        each.size = next(each.size);
        if (each.size > limit) {
            of.free(each.bytes);
            each = {of.alloc(FIRST_SIZE), FIRST_SIZE};
        }
        each.bytes = of.realloc(each.bytes, each.size);
    }
    for (string &each : strings)
        of.free(each.bytes);
}

void grow_doubling(benchmark::State &state, const subject &of)
{
    grow(state, of, 16 * 1024, [](std::size_t size) { return size * 2; });
}

void grow_by_64(benchmark::State &state, const subject &of)
{
    grow(state, of, 8 * 1024, [](std::size_t size) { return size + 64; });
}

// Blocks of 64 KiB to 4 MiB in 16 slots. Writes the first and the last byte of each.
void large(benchmark::State &state, const subject &of)
{
    pin(0);

    constexpr std::size_t LARGE_SLOTS = 16;
    std::vector<void *> blocks(LARGE_SLOTS);
    mix random(0);

    for (auto _ : state) {
        random.step();

        void *&block = blocks[random.slot() % LARGE_SLOTS];
        std::size_t size = (std::size_t(64) << 10) << (random.size() % 7);

        if (block != nullptr)
            of.free(block);
        block = of.alloc(size);
        static_cast<char *>(block)[0] = 1;
        static_cast<char *>(block)[size - 1] = 1;
    }
    for (void *block : blocks)
        if (block != nullptr)
            of.free(block);
}

} // namespace

void register_blocks(const subject &of)
{
    auto add = [&](const char *workload, void (*run)(benchmark::State &, const subject &)) {
        benchmark::RegisterBenchmark((std::string(workload) + "/" + of.name).c_str(),
                                     [run, of](benchmark::State &state) { run(state, of); });
    };

    add("pair", pair);
    add("grow_doubling", grow_doubling);
    add("grow_by_64", grow_by_64);
    add("large", large);
}
