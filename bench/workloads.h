/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_WORKLOADS_H
#define BENCH_WORKLOADS_H

/*
 * Workloads register themselves as WORKLOAD/SUBJECT. One iteration is one operation of the
 * workload, which each says; what it reports is CPU time of all threads over operations, which
 * other people's load on the machine changes least.
 */

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "subject.h"

void register_churn(const subject &of);   // churn.cpp
void register_blocks(const subject &of);  // blocks.cpp
void register_threads(const subject &of); // threads.cpp

/* Keeps the calling thread on one processor; threads as many as processors get one each. */
void pin(int thread);

/* A power of two, as every number of slots is. */
constexpr std::size_t SLOTS = 4096;

/*
 * A server's mix: 70 % of sizes from 16 to 128, 25 % up to 1 KiB, 5 % up to 4 KiB, for random
 * slots. The sequence does not repeat, so that no branch predictor learns it, and is the same in
 * every run.
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
    std::size_t slot() const // under SLOTS
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

/* Blocks of the mix in that many slots; freed at the end. From there on slots repeat. */
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
