# SPDX-License-Identifier: BSD-3-Clause
"""A run: what the programs wrote into one folder. Errors name what is missing or wrong.

    machine.json           machine.py
    bench-BACKEND.json     bench, as Google Benchmark writes it: one or two threads
    threads-BACKEND.json   bench, what is measured of many threads
    reading-N-BACKEND.json bench, reading used memory with N threads
    added-BACKEND.json     bench, what zones and limits add to zmalloc
    footprint-BACKEND.json footprint
    BACKEND.skipped        instead of these three: why this build does not have the backend
    startup.json           startup
    hyperfine-LABEL.json   hyperfine, for each label of startup.json
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BACKENDS = ("libc", "native", "jemalloc", "tcmalloc", "mimalloc")
BASELINES = ("redis-style", "valkey-style")
SUBJECTS = ("raw", "zmalloc", *BASELINES)

# The allocators have no counter to read.
WITHOUT_RAW = ("used_memory",)

READERS = (1, 16, 64, 256)

# Beside zmalloc itself, by kind of workload. What they add to it is compared with nothing else.
ADDED = {
    "churn_zone": ("zone",),
    "pair_zone": ("zone",),
    "churn_limit": ("far-limit", "near-limit"),
}

NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}

# workload -> subject -> nanoseconds of each repetition, workloads in the order they have in bench
Times = dict[str, dict[str, list[float]]]
# (subject, size) -> bytes
Sizes = dict[tuple[str, str], float]

STARTUP_FIELDS = ("wall_ms_min", "wall_ms_median", "cpu_ms_median", "max_rss_kib", "minor_faults")


class ReportError(Exception):
    """Something that the report needs is missing or invalid."""


@dataclass(frozen=True)
class Footprint:
    objects: Sizes
    threads: dict[str, float]


@dataclass(frozen=True)
class Run:
    path: Path
    machine: dict[str, Any]
    versions: dict[str, str]
    load: float
    times: dict[str, Times]
    added: dict[str, Times]
    skipped: dict[str, str]
    footprints: dict[str, Footprint]
    startup: dict[str, dict[str, float]]
    hyperfine: dict[str, float]


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise ReportError(f"{path}: not JSON: {error}") from error


def field(holder: Any, name: str, path: Path) -> Any:
    if not isinstance(holder, dict) or name not in holder:
        raise ReportError(f'{path}: "{name}" is missing')
    return holder[name]


def items(holder: Any, name: str, path: Path) -> list[Any]:
    found = field(holder, name, path)
    if not isinstance(found, list) or not found:
        raise ReportError(f'{path}: "{name}" is empty')
    return found


def number(holder: Any, name: str, path: Path) -> float:
    found = field(holder, name, path)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise ReportError(f'{path}: "{name}" is {found!r}, not a number')
    return float(found)


def require(wanted: bool, path: Path, what: str) -> None:
    if not wanted:
        raise ReportError(f"{path}: {what}")


# ---- bench ----


def subjects_of(workload: str) -> tuple[str, ...]:
    kind = workload.partition("/")[0]
    return ("zmalloc", *ADDED[kind]) if kind in ADDED else SUBJECTS


def split_name(name: str, path: Path, subjects: tuple[str, ...]) -> tuple[str, str]:
    """churn/raw/threads:2 is the workload churn/threads:2 of the subject raw."""
    workload, *rest = name.split("/")
    known = subjects or subjects_of(workload)
    require(bool(rest) and rest[0] in known, path, f'"{name}" names no subject')
    more = [part for part in rest[1:] if part != "process_time"]
    return "/".join([workload, *more]), rest[0]


def repetitions(
    found: Any, path: Path, subjects: tuple[str, ...] = ()
) -> Iterator[tuple[str, str, float]]:
    """Workload, subject and nanoseconds of each, in the order of the program's list. Subjects are the
    usual ones of the workload unless they are named."""
    entries = items(found, "benchmarks", path)
    entries.sort(
        key=lambda entry: (
            number(entry, "family_index", path),
            number(entry, "per_family_instance_index", path),
        )
    )
    for entry in entries:
        if field(entry, "run_type", path) != "iteration":
            continue
        name = field(entry, "run_name", path)
        require(not entry.get("error_occurred"), path, f"{name}: {entry.get('error_message')}")
        time = number(entry, "cpu_time", path) * NANOSECONDS[field(entry, "time_unit", path)]
        require(time > 0, path, f"{name}: no CPU time")
        yield *split_name(name, path, subjects), time


def in_order(times: Times) -> Times:
    """Puts workloads of one kind next to each other, sorted by their number of threads."""
    kinds = list(dict.fromkeys(workload.partition("/")[0] for workload in times))

    def place(workload: str) -> tuple[int, int]:
        kind, _, more = workload.partition("/")
        return kinds.index(kind), int("0" + "".join(filter(str.isdigit, more)))

    return {workload: times[workload] for workload in sorted(times, key=place)}


def check_subjects(times: Times, path: Path) -> None:
    for workload, subjects in times.items():
        for subject in subjects_of(workload):
            optional = subject == "raw" and workload.startswith(WITHOUT_RAW)
            require(optional or subject in subjects, path, f"{workload}: {subject} is missing")


def read_times(paths: list[Path]) -> Times:
    times: Times = {}
    for path in paths:
        found: Times = {}
        for workload, subject, time in repetitions(read_json(path), path):
            require(workload not in times, path, f"{workload} was measured before")
            found.setdefault(workload, {}).setdefault(subject, []).append(time)
        check_subjects(found, path)
        times.update(found)
    return in_order(times)


def check_same_workloads(path: Path, times: dict[str, Times]) -> None:
    first, *others = times
    for other in others:
        for workload in times[first].keys() ^ times[other].keys():
            where = first if workload not in times[first] else other
            raise ReportError(f"{path}: {where}: {workload} is missing")


# ---- footprint, startup, hyperfine ----


def read_footprint(path: Path) -> Footprint:
    found = read_json(path)
    objects = {
        (field(entry, "subject", path), str(field(entry, "size", path))): number(
            entry, "bytes", path
        )
        for entry in items(found, "objects", path)
    }
    threads = {
        field(entry, "subject", path): number(entry, "bytes", path)
        for entry in items(found, "threads", path)
    }
    for subject in ("raw", "zmalloc"):
        require(subject in threads, path, f"threads: {subject} is missing")
        for size in {size for _, size in objects}:
            require((subject, size) in objects, path, f"objects of {size}: {subject} is missing")
    return Footprint(objects, threads)


def read_startup(path: Path) -> dict[str, dict[str, float]]:
    found = read_json(path)
    require(isinstance(found, list) and bool(found), path, "is empty")
    return {
        field(entry, "label", path): {name: number(entry, name, path) for name in STARTUP_FIELDS}
        for entry in found
    }


def read_hyperfine(path: Path) -> float:
    """The median in milliseconds."""
    results = items(read_json(path), "results", path)
    return number(results[0], "median", path) * 1e3


# ---- All of a run ----


def read_skipped(folder: Path) -> dict[str, str]:
    return {
        path.stem: path.read_text(encoding="utf-8").strip() for path in folder.glob("*.skipped")
    }


def read_contexts(folder: Path, backends: list[str]) -> dict[str, dict[str, Any]]:
    """What bench reports: the version of the allocator, and the load at the start."""
    paths = {backend: folder / f"bench-{backend}.json" for backend in backends}
    contexts = {backend: field(read_json(path), "context", path) for backend, path in paths.items()}
    for backend, context in contexts.items():
        found = field(context, "backend", paths[backend])
        require(found == backend, paths[backend], f"was measured on {found}")
        field(context, "backend_version", paths[backend])
        items(context, "load_avg", paths[backend])
    return contexts


def read_times_of(folder: Path, backends: list[str], *kinds: str) -> dict[str, Times]:
    times = {
        backend: read_times([folder / f"{kind}-{backend}.json" for kind in kinds])
        for backend in backends
    }
    check_same_workloads(folder, times)
    return times


def read_run(folder: Path) -> Run:
    require(folder.is_dir(), folder, "no such folder")
    skipped = read_skipped(folder)
    backends = [backend for backend in BACKENDS if backend not in skipped]
    require(bool(backends), folder, "every backend was skipped")
    contexts = read_contexts(folder, backends)
    readings = [f"reading-{count}" for count in READERS]
    startup = read_startup(folder / "startup.json")
    return Run(
        path=folder,
        machine=read_json(folder / "machine.json"),
        versions={backend: contexts[backend]["backend_version"] for backend in backends},
        load=max(context["load_avg"][0] for context in contexts.values()),
        times=read_times_of(folder, backends, "bench", "threads", *readings),
        added=read_times_of(folder, backends, "added"),
        skipped=skipped,
        footprints={
            backend: read_footprint(folder / f"footprint-{backend}.json") for backend in backends
        },
        startup=startup,
        hyperfine={label: read_hyperfine(folder / f"hyperfine-{label}.json") for label in startup},
    )
