/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_WORKLOADS_H
#define BENCH_WORKLOADS_H

/*
 * Workloads register themselves as WORKLOAD/SUBJECT. One iteration is one operation; each workload
 * says what that is. The result is the CPU time of all threads divided by operations, which other
 * load on the machine affects least.
 */

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "subject.h"

void register_churn(const subject &of);   // churn.cpp
void register_blocks(const subject &of);  // blocks.cpp
void register_threads(const subject &of); // threads.cpp

/* Only for the subject zmalloc. */
void register_added(const subject &of); // added.cpp

/* Pins the calling thread to one processor. As long as there are enough processors, each thread
 * gets its own. */
void pin(int thread);

/* Every number of slots is a power of two. */
constexpr std::size_t SLOTS = 4096;

/*
 * A server's mix for random slots: 70 % of sizes from 16 to 128, 25 % up to 1 KiB, 5 % up to 4 KiB.
 * The sequence is the same in every run, and it does not repeat, so branch predictors cannot learn
 * it.
 */
class mix
{
  public:
    explicit mix(int thread);

    void step()
    {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
    }
    std::size_t slot() const // less than SLOTS
    {
        return state_ % SLOTS;
    }
    std::size_t size() const
    {
        return sizes_[state_ / SLOTS % SIZES];
    }

  private:
    static constexpr std::size_t SIZES = 4096;

    std::uint64_t state_;
    const std::uint16_t *sizes_;
};

/* Holds that many blocks of the mix and frees them at the end. Slots beyond count wrap around. */
class slots
{
  public:
    slots(const subject &of, mix &random, std::size_t count = SLOTS);
    ~slots();
    slots(const slots &) = delete;
    slots &operator=(const slots &) = delete;

    void *&operator[](std::size_t slot)
    {
        return blocks_[slot & mask_];
    }

  private:
    void (*free_)(void *);
    std::size_t mask_;
    std::vector<void *> blocks_;
};

#endif
