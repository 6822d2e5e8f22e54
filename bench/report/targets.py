# SPDX-License-Identifier: BSD-3-Clause
"""All targets, and whether they are met."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runs import BASELINES, READERS, WITHOUT_RAW, ReportError
from summary import Added, Memory, Row, Summary, ratio

# ---- The targets. For times, compare the minima of repetitions. ----

# Upper limits for the time of zmalloc divided by that of its allocator, with the system's allocators and
# with those that were built from source.
CHURN_TO_RAW = {"libc": 1.12, "native": 1.18, "jemalloc": 1.10, "tcmalloc": 1.60, "mimalloc": 1.40}
CHURN_TO_RAW_FROM_SOURCE = {**CHURN_TO_RAW, "jemalloc": 1.06, "tcmalloc": 1.20, "mimalloc": 1.12}
CHURN_TO_RAW_WORKLOADS = ("churn/threads:1", "churn/threads:2")

# Lower limits for how many times as fast as Redis's accounting it is.
AGAINST_REDIS = {
    ("jemalloc", "churn/threads:1"): 1.3,
    ("jemalloc", "churn/threads:2"): 3.0,
}

# The same for Redis's and Valkey's, on every workload that allocates. Up to 3 % slower counts as
# equal.
AGAINST_EITHER = 0.97

# Threads do not hold each other up: upper limit for the time at 16 threads divided by that at 2.
MANY_THREADS, FEW_THREADS = "churn/threads:16", "churn/threads:2"
MANY_TO_FEW = 1.10

# Upper limits in nanoseconds for reading used memory, by the number of threads.
USED_MEMORY = dict(
    zip((f"used_memory/{count}" for count in READERS), (10.0, 80.0, 250.0, 1000.0), strict=True)
)

# Upper limits for what is added to zmalloc: nanoseconds for a zone, 3 for each of the two calls of
# an operation, and a ratio for a limit.
ZONE_MORE = 2 * 3.0
LIMIT_RATIO = 1.03
ADDED_WORKLOADS = ("pair_zone", "churn_zone", "churn_limit/threads:1", "churn_limit/threads:2")

# Upper limits for what a program that allocates on libc adds to an empty program without zmalloc.
STARTUP_LABEL = "empty-used-libc"
STARTUP_MORE = {"more_wall_ms_median": (0.5, "ms"), "more_max_rss_kib": (1024.0, "KiB")}

# Resident bytes per object: the allocator's own, within this fraction.
FOOTPRINT_TOLERANCE = 0.02
# On libc every block has a prefix.
LIBC_PREFIX = 16


@dataclass(frozen=True)
class Check:
    backend: str
    what: str
    target: str
    value: float
    least: float | None = None
    most: float | None = None
    unit: str = ""
    note: str = ""

    @property
    def met(self) -> bool:
        above = self.least is None or self.value >= self.least
        return above and (self.most is None or self.value <= self.most)


def number(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


# ---- Times ----


def churn_limits(summary: Summary) -> dict[str, float]:
    from_source = summary.machine["settings"].get("allocators") == "from source"
    return CHURN_TO_RAW_FROM_SOURCE if from_source else CHURN_TO_RAW


def ratio_check(summary: Summary, row: Row) -> Iterator[Check]:
    if row.workload in CHURN_TO_RAW_WORKLOADS and row.to_raw_min is not None:
        most = churn_limits(summary)[row.backend]
        target = f"raw<={number(most)}"
        yield Check(row.backend, row.workload, target, row.to_raw_min, most=most)


def baseline_checks(row: Row) -> Iterator[Check]:
    least = AGAINST_REDIS.get((row.backend, row.workload))
    if least is not None:
        value = row.against["redis-style"]
        yield Check(row.backend, row.workload, f"redis>={number(least)}", value, least=least)
    if not row.workload.startswith(WITHOUT_RAW):
        value = min(row.against[baseline] for baseline in BASELINES)
        target = f"either>={number(AGAINST_EITHER)}"
        yield Check(row.backend, row.workload, target, value, least=AGAINST_EITHER)


def time_checks(summary: Summary, row: Row) -> Iterator[Check]:
    if row.workload == MANY_THREADS:
        few = summary.row(row.backend, FEW_THREADS)
        value = ratio(row.minima["zmalloc"], few.minima["zmalloc"])
        raw = ratio(row.minima["raw"], few.minima["raw"])
        target = f"2 threads<={number(MANY_TO_FEW)}"
        note = f"the allocator by itself {raw:.3f}"
        yield Check(row.backend, row.workload, target, value, most=MANY_TO_FEW, note=note)
    if row.workload in USED_MEMORY:
        most = USED_MEMORY[row.workload]
        target = f"{number(most)} ns"
        yield Check(row.backend, row.workload, target, row.ns_min["zmalloc"], most=most, unit="ns")


def row_checks(summary: Summary, row: Row) -> list[Check]:
    return [*ratio_check(summary, row), *baseline_checks(row), *time_checks(summary, row)]


def check_targets_apply(summary: Summary) -> None:
    """A target for a workload that is no longer measured would always be met."""
    for backend in summary.backends():
        for workload in (*CHURN_TO_RAW_WORKLOADS, MANY_THREADS, FEW_THREADS, *USED_MEMORY):
            summary.row(backend, workload)
        for workload in ADDED_WORKLOADS:
            if not any((a.backend, a.workload) == (backend, workload) for a in summary.added):
                raise ReportError(f"{backend}: {workload} is missing")


def added_check(added: Added) -> Check:
    what = f"{added.workload}, {added.subject}"
    if added.subject == "zone":
        target = f"{number(ZONE_MORE)} ns more"
        return Check(added.backend, what, target, added.more_min, most=ZONE_MORE, unit="ns")
    target = f"without<={number(LIMIT_RATIO)}"
    return Check(added.backend, what, target, added.ratio_min, most=LIMIT_RATIO)


# ---- Memory and start-up ----


def glibc_class(size: int) -> int:
    """What glibc's malloc takes for a size on 64 bits: 8 bytes more, in steps of 16 from 32 on."""
    return max(32, (size + 8 + 15) // 16 * 16)


def libc_prefix(size: str) -> int:
    """What the prefix adds to an object: nothing if it still fits its class, else one class."""
    if not size.isdigit():
        return LIBC_PREFIX
    return glibc_class(int(size) + LIBC_PREFIX) - glibc_class(int(size))


def object_check(memory: Memory) -> Check:
    what = f"bytes per object of {memory.size}"
    if memory.backend == "libc":
        allowed = memory.raw + libc_prefix(memory.size)
        most = allowed * (1 + FOOTPRINT_TOLERANCE)
        target = f"raw+{libc_prefix(memory.size)}"
        return Check("libc", what, target, memory.zmalloc, most=most, unit="bytes")
    return Check(
        memory.backend,
        what,
        "raw",
        memory.zmalloc,
        least=memory.raw * (1 - FOOTPRINT_TOLERANCE),
        most=memory.raw * (1 + FOOTPRINT_TOLERANCE),
        unit="bytes",
    )


def startup_checks(summary: Summary) -> list[Check]:
    if STARTUP_LABEL not in summary.startup:
        raise ReportError(f"start-up: {STARTUP_LABEL} is missing")
    found = summary.startup[STARTUP_LABEL]
    return [
        Check(
            "libc",
            f"start-up, {unit} more than empty",
            f"{most:g} {unit}",
            found[name],
            most=most,
            unit=unit,
        )
        for name, (most, unit) in STARTUP_MORE.items()
    ]


def all_checks(summary: Summary) -> list[Check]:
    check_targets_apply(summary)
    rows = [check for row in summary.rows for check in row_checks(summary, row)]
    added = map(added_check, summary.added)
    return [*rows, *added, *map(object_check, summary.objects), *startup_checks(summary)]
