/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Coverage for libFuzzer over all processes and all shared objects. The workers run the library,
 * and libFuzzer sees only its own process. So every edge compiled with
 * -fsanitize-coverage=trace-pc-guard is counted here, in memory that forked processes share and
 * that libFuzzer adds to its own counters. Other engines have their own ways to count, or none.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "workers.h"

/* The engine's own, and one for each worker. */
#define LANES (1 + WORKERS_MAX)
/* Edges are numbered as their objects are loaded. If there are more, they share numbers. */
#define LANE_SIZE 16384

__attribute__((section("__libfuzzer_extra_counters"),
               aligned(65536))) static volatile uint8_t counters[LANES][LANE_SIZE];
static size_t current_lane;

void coverage_share(void)
{
    void *shared = mmap((void *)(uintptr_t)counters, sizeof counters, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    if (shared != MAP_FAILED)
        return;
    perror("fuzz: memory for coverage");
    exit(2);
}

void coverage_choose_lane(size_t number)
{
    current_lane = number;
}

#if defined(COUNT_EDGES)

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);
void __sanitizer_cov_trace_pc_guard(uint32_t *guard);

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop)
{
    static uint32_t last;

    if (start != stop && *start == 0)
        for (uint32_t *guard = start; guard < stop; guard++)
            *guard = ++last % LANE_SIZE;
}

/* Threads of a worker may overwrite each other's counts. */
void __sanitizer_cov_trace_pc_guard(uint32_t *guard)
{
    counters[current_lane][*guard]++;
}

#endif
