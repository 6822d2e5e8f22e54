/* SPDX-License-Identifier: BSD-3-Clause */

/* The figures, in the order in which every form shows them. docs/stats.schema.json describes them
 * too. */

#include "stats/stats.h"

const struct zm_figure zm_figures[ZM_FIGURES] = {
    [ZM_USED] = {"memory", "used_bytes", "used_bytes", "used",
                 "Sum over all live blocks of usable size and prefix.", ZM_BYTES},
    [ZM_PEAK] = {"memory", "peak_bytes", "peak_bytes", "peak",
                 "Largest used memory seen since the start or the last reset.", ZM_BYTES},
    [ZM_THREADS] = {"threads", "live", "threads", "live",
                    "Threads that have counters of their own, after 64 operations.", ZM_COUNT},
    [ZM_ALLOCATED] = {"allocator", "allocated_bytes", "allocator_allocated_bytes", "allocated",
                      "Allocated by the program, as the allocator counts.", ZM_BYTES},
    [ZM_ACTIVE] = {"allocator", "active_bytes", "allocator_active_bytes", "active",
                   "Pages of the allocator that hold blocks.", ZM_BYTES},
    [ZM_RESIDENT] = {"allocator", "resident_bytes", "allocator_resident_bytes", "resident",
                     "Pages of the allocator that are physically there.", ZM_BYTES},
    [ZM_RETAINED] = {"allocator", "retained_bytes", "allocator_retained_bytes", "retained",
                     "Address space that the allocator keeps for later.", ZM_BYTES},
    [ZM_MUZZY] = {"allocator", "muzzy_bytes", "allocator_muzzy_bytes", "muzzy",
                  "Pages that the allocator has given back lazily.", ZM_BYTES},
    [ZM_RSS] = {"process", "rss_bytes", "process_resident_bytes", "resident (RSS)",
                "Resident set size of the process.", ZM_BYTES},
    [ZM_PRIVATE_DIRTY] = {"process", "private_dirty_bytes", "process_private_dirty_bytes",
                          "private dirty", "Pages that only the process has and has written.",
                          ZM_BYTES},
    [ZM_MINOR_FAULTS] = {"process", "minor_faults", "process_minor_faults_total", "minor faults",
                         "Page faults of the process that took no reading.", ZM_TOTAL},
    [ZM_MAJOR_FAULTS] = {"process", "major_faults", "process_major_faults_total", "major faults",
                         "Page faults of the process for which something was read.", ZM_TOTAL},
    [ZM_FRAGMENTATION] = {"ratios", "allocator_fragmentation", "allocator_fragmentation_ratio",
                          "allocator fragmentation",
                          "Active bytes of the allocator over its allocated bytes.", ZM_RATIO},
    [ZM_RSS_OVERHEAD] = {"ratios", "rss_overhead", "rss_overhead_ratio", "RSS overhead",
                         "Resident set size of the process over the allocator's resident bytes.",
                         ZM_RATIO},
    [ZM_MACHINE_MEMORY] = {"machine", "memory_bytes", "machine_memory_bytes", "memory",
                           "Physical memory of the machine.", ZM_BYTES},
    [ZM_MEMORY_LIMIT] = {"machine", "limit_bytes", "memory_limit_bytes", "limit",
                         "The smaller of the machine's memory and the limit of the control group.",
                         ZM_BYTES},
    [ZM_MEMORY_HIGH] = {"machine", "high_bytes", "memory_high_bytes", "high",
                        "Above this (memory.high) the system slows the control group down.",
                        ZM_BYTES},
};
