#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares what a backend adds to its allocator, in instructions, with what it may."""

import callgrind

USAGE = "counts.py PROGRAM BUILT_WITH BACKEND [from-source]"

OPERATIONS = 20000

# Instructions per operation of zmalloc less those of raw, rounded up to a tenth. To change a row,
# run the test and copy its column "over" (meson-logs/testlog.txt).
#
# They hold for builds with gcc 12, -O3 and -O2, which debugoptimized has too. They were found on
# Debian 12. What changes them there:
#
#   another run, ASLR, the size of the environment   nothing; for jemalloc 0.1
#   the folder that is built in                      libc: churn by 2.6, of which this is the most;
#                                                    aligned by 90, so it is not compared. Names of
#                                                    files are in the heap, and move all the rest
#   clang 14                                         by up to 7, resize of libc by 23
#
# An allocation takes 3 to 6 more than before there were budgets: the budget is reduced and compared
# once more, and the counters are in a node, whose address has to be loaded.
WORKLOADS = ("pair", "usable", "calloc_pair", "aligned", "resize", "churn")
OVER_RAW = {
    "libc": (58.1, 24.1, 70.1, None, 80.2, 54.1),
    "native": (69.1, 30.1, 68.1, 131.1, 63.2, 69.6),
    "jemalloc": (22.2, 21.1, 21.2, 62.1, 21.5, 22.6),
    "tcmalloc": (70.1, -5.9, 69.1, 119.1, 74.1, 72.2),
    "mimalloc": (79.1, 9.1, 79.1, 171.8, 93.1, 81.7), # aligned: 155.8 with -O3
    "jemalloc from-source": (22.2, 21.1, 21.2, 62.1, 21.5, 22.8),
    "tcmalloc from-source": (31.1, -42.9, -0.9, 88.1, 58.2, 31.7),
    "mimalloc from-source": (25.1, -28.9, 26.1, 98.7, 56.1, 28.2),
}
FOUND_WITH = (
    "gcc-12 x86_64 -O2",
    "gcc-12 x86_64 -O3",
    "libc-2.36",
    "native-2.36",
    "jemalloc-5.3.0",
    "tcmalloc-2.10",
    "tcmalloc-2.16",
    "mimalloc-2.0.9",
)

# A comparison with its branch passes; a call, or a register saved in zmalloc and zfree, does not.
MARGIN = 2


def limits(row):
    """The limit of each workload, or None."""
    return [None if over is None else over + MARGIN for over in OVER_RAW[row]]


def count(program, backend, subject):
    """The version of the backend, and the instructions per operation of each workload."""
    version, records = callgrind.run(program, backend, subject, OPERATIONS)
    per_operation = dict.fromkeys(WORKLOADS, 0.0)
    for record in records:
        if record.function.name == "measure" and record.callee is not None:
            per_operation[record.callee.name] += record.instructions / OPERATIONS
    return version, per_operation


def verdict(over, limit):
    if limit is None:
        return "       -"
    if over > limit:
        return f"{limit:8.1f}  TOO MANY"
    if over < limit - 3 * MARGIN:
        return f"{limit:8.1f}  fewer: the limit can be lowered"
    return f"{limit:8.1f}"


def compare(row, raw, zmalloc):
    """Prints the counts; returns the workloads that take too many instructions."""
    too_many = []
    print(f"{'':12}{'raw':>8}{'zmalloc':>9}{'over':>8}{'limit':>8}")
    for workload, limit in zip(WORKLOADS, limits(row)):
        over = zmalloc[workload] - raw[workload]
        counts = f"{raw[workload]:8.1f}{zmalloc[workload]:9.1f}{over:8.1f}"
        print(f"{workload:12}{counts}{verdict(over, limit)}")
        if limit is not None and over > limit:
            too_many.append(workload)
    return too_many


def check(program, built_with, backend, *how):
    """Returns the exit status."""
    row = " ".join((backend, *how))
    if row not in OVER_RAW:
        raise callgrind.Skip(f"no limits were set for {row}")
    version, raw = count(program, backend, "raw")
    _, zmalloc = count(program, backend, "zmalloc")

    print(f"{version}, {built_with}: instructions per operation")
    too_many = compare(row, raw, zmalloc)
    for what in (version, built_with):
        if too_many and what not in FOUND_WITH:
            raise callgrind.Skip(f"too many, but the limits were not found with {what}")
    return 1 if too_many else 0


if __name__ == "__main__":
    callgrind.main(check, USAGE)
