# SPDX-License-Identifier: BSD-3-Clause
"""The results over all runs.

A ratio is taken within one run, of what was measured side by side; the median of the runs' ratios
counts. The same goes for times: minimum or median of a run's repetitions, then median of the runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from runs import BASELINES, STARTUP_FIELDS, ReportError, Run, subjects_of

# subject -> nanoseconds in each run
PerRun = dict[str, list[float]]


def ratio(over: list[float], under: list[float]) -> float:
    return median([a / b for a, b in zip(over, under, strict=True)])


@dataclass(frozen=True)
class Row:
    """A workload on a backend. Without raw there are no ratios to it."""

    backend: str
    workload: str
    minima: PerRun
    medians: PerRun

    @property
    def ns_min(self) -> dict[str, float]:
        return {subject: median(times) for subject, times in self.minima.items()}

    @property
    def ns_median(self) -> dict[str, float]:
        return {subject: median(times) for subject, times in self.medians.items()}

    @property
    def to_raw_min(self) -> float | None:
        return ratio(self.minima["zmalloc"], self.minima["raw"]) if "raw" in self.minima else None

    @property
    def to_raw_median(self) -> float | None:
        return (
            ratio(self.medians["zmalloc"], self.medians["raw"]) if "raw" in self.medians else None
        )

    @property
    def against(self) -> dict[str, float]:
        """How many times as fast as the baselines; compares minima."""
        return {name: ratio(self.minima[name], self.minima["zmalloc"]) for name in BASELINES}


@dataclass(frozen=True)
class Added:
    """What a zone or a limit adds to zmalloc, on a backend."""

    backend: str
    workload: str
    subject: str  # with it
    without_ns: float
    with_ns: float
    more_min: float  # nanoseconds, of minima
    more_median: float
    ratio_min: float
    ratio_median: float


@dataclass(frozen=True)
class Memory:
    backend: str
    size: str  # of an object, in bytes, or "mix"; "thread" for what a thread costs
    raw: float
    zmalloc: float


@dataclass(frozen=True)
class Summary:
    runs: int
    machine: dict[str, Any]
    rows: list[Row]
    added: list[Added]
    objects: list[Memory]
    threads: list[Memory]
    startup: dict[str, dict[str, float]]
    skipped: dict[str, str]

    def row(self, backend: str, workload: str) -> Row:
        for row in self.rows:
            if (row.backend, row.workload) == (backend, workload):
                return row
        raise ReportError(f"{backend}: {workload} is missing")

    def backends(self) -> list[str]:
        return list(dict.fromkeys(row.backend for row in self.rows))

    def workloads(self) -> list[str]:
        return list(dict.fromkeys(row.workload for row in self.rows))


def geometric_mean(values: Iterable[float]) -> float:
    logarithms = [math.log(value) for value in values]
    return math.exp(sum(logarithms) / len(logarithms))


# ---- Times ----


def row_of(runs: list[Run], backend: str, workload: str) -> Row:
    def of_each(statistic: Callable[[list[float]], float]) -> PerRun:
        return {
            subject: [statistic(run.times[backend][workload][subject]) for run in runs]
            for subject in runs[0].times[backend][workload]
        }

    return Row(backend, workload, minima=of_each(min), medians=of_each(median))


def over_runs(runs: list[Run], value: Callable[[Run], float]) -> float:
    return median([value(run) for run in runs])


def added_of(runs: list[Run], backend: str, workload: str, subject: str) -> Added:
    def times(run: Run, of: str) -> list[float]:
        return run.added[backend][workload][of]

    def more(statistic: Callable[[list[float]], float]) -> float:
        return over_runs(
            runs, lambda run: statistic(times(run, subject)) - statistic(times(run, "zmalloc"))
        )

    def ratio_of(statistic: Callable[[list[float]], float]) -> float:
        return over_runs(
            runs, lambda run: statistic(times(run, subject)) / statistic(times(run, "zmalloc"))
        )

    return Added(
        backend,
        workload,
        subject,
        without_ns=over_runs(runs, lambda run: min(times(run, "zmalloc"))),
        with_ns=over_runs(runs, lambda run: min(times(run, subject))),
        more_min=more(min),
        more_median=more(median),
        ratio_min=ratio_of(min),
        ratio_median=ratio_of(median),
    )


# ---- Memory and start-up ----


def objects_of(runs: list[Run], backend: str) -> list[Memory]:
    sizes = [size for subject, size in runs[0].footprints[backend].objects if subject == "raw"]

    def median_of(subject: str, size: str) -> float:
        return over_runs(runs, lambda run: run.footprints[backend].objects[subject, size])

    return [
        Memory(backend, size, median_of("raw", size), median_of("zmalloc", size)) for size in sizes
    ]


def threads_of(runs: list[Run], backend: str) -> Memory:
    def median_of(subject: str) -> float:
        return over_runs(runs, lambda run: run.footprints[backend].threads[subject])

    return Memory(backend, "thread", median_of("raw"), median_of("zmalloc"))


def startup_of(runs: list[Run], label: str) -> dict[str, float]:
    found = {name: over_runs(runs, lambda run: run.startup[label][name]) for name in STARTUP_FIELDS}
    found["hyperfine_ms_median"] = over_runs(runs, lambda run: run.hyperfine[label])
    for name in ("wall_ms_median", "max_rss_kib"):
        found["more_" + name] = over_runs(
            runs, lambda run: run.startup[label][name] - run.startup["empty"][name]
        )
    return found


# ---- All ----


def check_alike(runs: list[Run]) -> None:
    """Refuses runs of different machines, builds or backends: their median means nothing."""
    first = runs[0]
    for run in runs:
        if "empty" not in run.startup:
            raise ReportError(f"{run.path / 'startup.json'}: empty is missing")
        for name in first.machine.keys() | run.machine.keys():
            if name != "date" and first.machine.get(name) != run.machine.get(name):
                raise ReportError(f'{run.path}: "{name}" of machine.json differs from {first.path}')
        if shape(run) != shape(first):
            raise ReportError(f"{run.path}: measured something else than {first.path}")


def shape(run: Run) -> tuple[Any, ...]:
    return (
        run.skipped.keys(),
        {backend: times.keys() for backend, times in run.times.items()},
        {backend: times.keys() for backend, times in run.added.items()},
        {backend: footprint.objects.keys() for backend, footprint in run.footprints.items()},
        run.startup.keys(),
    )


def summarize(runs: list[Run]) -> Summary:
    check_alike(runs)
    first = runs[0]
    backends = list(first.times)
    facts = {"versions": first.versions, "load": max(run.load for run in runs)}
    return Summary(
        runs=len(runs),
        machine={**first.machine, **facts},
        rows=[
            row_of(runs, backend, workload)
            for backend in backends
            for workload in first.times[backend]
        ],
        added=[
            added_of(runs, backend, workload, subject)
            for backend in backends
            for workload in first.added[backend]
            for subject in subjects_of(workload)
            if subject != "zmalloc"
        ],
        objects=[memory for backend in backends for memory in objects_of(runs, backend)],
        threads=[threads_of(runs, backend) for backend in backends],
        startup={label: startup_of(runs, label) for label in first.startup},
        skipped=first.skipped,
    )
