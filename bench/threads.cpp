// SPDX-License-Identifier: BSD-3-Clause

// Several threads: blocks that one thread allocates and another frees, threads that come and go,
// and reading used memory while many threads are alive.

#include "workloads.h"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace
{

// ---- Producer and consumer: one thread allocates, the other frees. An operation is a block. ----

// Large, so the cost of waking each other hardly counts.
constexpr std::size_t BATCH = 2048;

// Two batches that change hands: one is filled while the other is emptied. A thread that has to
// wait sleeps, because spinning would count as its work.
class belt
{
  public:
    std::vector<void *> &take(std::size_t turn, bool full)
    {
        std::unique_lock<std::mutex> held(mutex_);

        changed_.wait(held, [&] { return full_[turn % 2] == full; });
        return batches_[turn % 2];
    }

    void give(std::size_t turn, bool full)
    {
        {
            std::lock_guard<std::mutex> held(mutex_);
            full_[turn % 2] = full;
        }
        changed_.notify_one();
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool full_[2] = {false, false};
    std::vector<void *> batches_[2] = {std::vector<void *>(BATCH), std::vector<void *>(BATCH)};
};

void producer_consumer(benchmark::State &state, const subject &of, belt &between)
{
    pin(state.thread_index());

    bool produces = state.thread_index() == 0;
    mix random(0);

    of.free(of.alloc(64)); // jemalloc gives no cache to a thread that only frees
    std::size_t turn = 0;

    while (state.KeepRunningBatch(BATCH)) {
        for (void *&block : between.take(turn, !produces)) {
            random.step();
            if (produces)
                block = of.alloc(random.size());
            else
                of.free(block);
        }
        between.give(turn++, produces);
    }
}

// ---- A thread that starts, allocates 100 blocks, frees them and exits ----

constexpr std::size_t BLOCKS_OF_A_THREAD = 100;

void short_life(const subject &of)
{
    void *blocks[BLOCKS_OF_A_THREAD];
    mix random(0);

    for (void *&block : blocks) {
        random.step();
        block = of.alloc(random.size());
    }
    for (void *block : blocks)
        of.free(block);
}

void short_threads(benchmark::State &state, const subject &of)
{
    pin(0);
    short_life(of); // the main thread has its own arena, as in every server
    for (auto _ : state)
        std::thread([&of] { short_life(of); }).join();
}

// ---- used_memory while other threads are alive that have allocated ----

class parked_threads
{
  public:
    parked_threads(const subject &of, std::size_t count)
    {
        for (std::size_t i = 0; i < count; i++)
            threads_.emplace_back([this, &of] {
                short_life(of);
                wait();
            });
        std::unique_lock<std::mutex> held(mutex_);
        changed_.wait(held, [&] { return parked_ == count; });
    }

    ~parked_threads()
    {
        {
            std::lock_guard<std::mutex> held(mutex_);
            over_ = true;
        }
        changed_.notify_all();
        for (std::thread &thread : threads_)
            thread.join();
    }

  private:
    void wait()
    {
        std::unique_lock<std::mutex> held(mutex_);

        parked_++;
        changed_.notify_all();
        changed_.wait(held, [&] { return over_; });
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t parked_ = 0;
    bool over_ = false;
    std::vector<std::thread> threads_;
};

void used_memory(benchmark::State &state, const subject &of)
{
    pin(0);
    short_life(of);

    parked_threads others(of, static_cast<std::size_t>(state.range(0)) - 1);

    for (auto _ : state)
        benchmark::DoNotOptimize(of.used_memory());
}

} // namespace

void register_threads(const subject &of)
{
    static belt between;
    std::string suffix = std::string("/") + of.name;

    benchmark::RegisterBenchmark(
        ("producer_consumer" + suffix).c_str(),
        [of](benchmark::State &state) { producer_consumer(state, of, between); })
        ->Threads(2);
    benchmark::RegisterBenchmark(("short_threads" + suffix).c_str(), [of](benchmark::State &state) {
        short_threads(state, of);
    })->MeasureProcessCPUTime();
    if (of.used_memory != nullptr)
        benchmark::RegisterBenchmark(("used_memory" + suffix).c_str(),
                                     [of](benchmark::State &state) { used_memory(state, of); })
            ->Arg(1)
            ->Arg(16)
            ->Arg(64)
            ->Arg(256);
}
