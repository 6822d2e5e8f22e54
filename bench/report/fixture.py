# SPDX-License-Identifier: BSD-3-Clause
"""Made-up runs for the tests of the report, with known figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from runs import READERS, subjects_of

Times = dict[str, tuple[Any, ...]]

MACHINE = {
    "date": "2026-01-01 00:00 UTC",
    "zmalloc": "1.0.0",
    "commit": "0123456",
    "cpu": "abacus",
    "processors": 2,
    "caches": "none",
    "kernel": "Linux",
    "distribution": "Debian",
    "compiler": "cc",
    "flags": "-O3",
    "libc": "glibc",
    "environment": {},
    "settings": {"quick": "no"},
}

# Nanoseconds of raw, zmalloc, redis-style and valkey-style, unless a test overrides them. They
# meet all targets.
EVERY_TIME: Times = {
    "churn/threads:1": (10.0, 10.5, 20.0, 15.0),
    "pair": (5.0, 6.0, 9.0, 8.0),
}
EVERY_TIME_OF_MANY: Times = {
    "churn/threads:2": (10.0, 10.5, 40.0, 30.0),
    "churn/threads:16": (11.0, 11.5, 44.0, 33.0),
}

EVERY_READING: Times = {
    "used_memory/1": (None, 9.0, 1.0, 2.0),
    "used_memory/16": (None, 70.0, 1.0, 20.0),
    "used_memory/64": (None, 240.0, 1.0, 60.0),
    "used_memory/256": (None, 900.0, 1.0, 200.0),
}
# Of zmalloc, and with what is added to it.
EVERY_ADDED: Times = {
    "pair_zone": (6.0, 8.0),
    "churn_zone": (10.0, 12.5),
    "churn_limit/threads:1": (10.0, 10.1, 10.2),
    "churn_limit/threads:2": (20.0, 20.2, 20.4),
}

OBJECTS = {
    "raw": {"8": 32.0, "64": 80.0, "mix": 300.0},
    "libc": {"8": 32.0, "64": 96.0, "mix": 316.0},
}


def name_of(workload: str, subject: str) -> str:
    kind, *more = workload.split("/")
    return "/".join([kind, subject, *more])


def repetition(name: str, time: float, family: int = 0) -> dict[str, Any]:
    return {
        "run_name": name,
        "run_type": "iteration",
        "family_index": family,
        "per_family_instance_index": 0,
        "cpu_time": time,
        "time_unit": "ns",
    }


def entries(times: Times) -> list[dict[str, Any]]:
    """A number is one repetition, a list is several. None: the subject is missing."""
    found = []
    for index, (workload, of_subjects) in enumerate(times.items()):
        for subject_index, subject in enumerate(subjects_of(workload)):
            given = of_subjects[subject_index]
            for time in [] if given is None else given if isinstance(given, list) else [given]:
                family = subject_index * len(times) + index
                found.append(repetition(name_of(workload, subject), time, family))
    return found


def bench(backend: str, times: Times) -> dict[str, Any]:
    context = {"backend": backend, "backend_version": "1", "load_avg": [0.5, 0.1, 0.1]}
    return {"context": context, "benchmarks": entries(times)}


def footprint(objects: dict[str, dict[str, float]]) -> dict[str, Any]:
    return {
        "objects": [
            {"subject": subject, "size": size, "bytes": found}
            for subject, sizes in objects.items()
            for size, found in sizes.items()
        ],
        "threads": [
            {"subject": "raw", "bytes": 4000.0},
            {"subject": "zmalloc", "bytes": 4100.0},
        ],
    }


def startup(wall: dict[str, float]) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "wall_ms_min": time,
            "wall_ms_median": time,
            "cpu_ms_median": time,
            "max_rss_kib": 1000 + 1000 * time,
            "minor_faults": 50,
        }
        for label, time in wall.items()
    ]


def write(path: Path, found: Any) -> None:
    path.write_text(json.dumps(found), encoding="utf-8")


def change(path: Path, edit: Any) -> None:
    found = json.loads(path.read_text(encoding="utf-8"))
    edit(found)
    write(path, found)


def files_of_times() -> list[tuple[str, Times]]:
    kinds = [f"reading-{count}" for count in READERS]
    readings = [{workload: times} for workload, times in EVERY_READING.items()]
    times = [("bench", EVERY_TIME), ("threads", EVERY_TIME_OF_MANY), ("added", EVERY_ADDED)]
    return [*times, *zip(kinds, readings, strict=True)]


def write_run(
    folder: Path,
    times: Times | None = None,
    libc: dict[str, float] | None = None,
    wall: dict[str, float] | None = None,
) -> Path:
    """A run of libc and jemalloc. The times are those of jemalloc, the bytes those of libc."""
    folder.mkdir()
    changed = times or {}
    write(folder / "machine.json", MACHINE)
    for backend in ("libc", "jemalloc"):
        own = changed if backend == "jemalloc" else {}
        for kind, every in files_of_times():
            found = {workload: own.get(workload, usual) for workload, usual in every.items()}
            write(folder / f"{kind}-{backend}.json", bench(backend, found))
        raw = OBJECTS["raw"]
        zmalloc = raw if backend == "jemalloc" else libc or OBJECTS["libc"]
        write(folder / f"footprint-{backend}.json", footprint({"raw": raw, "zmalloc": zmalloc}))
    for backend in ("native", "tcmalloc", "mimalloc"):
        (folder / f"{backend}.skipped").write_text(f"{backend} is not there\n", encoding="utf-8")
    starts = wall or {"empty": 0.5, "empty-used-libc": 0.9}
    write(folder / "startup.json", startup(starts))
    for label, time in starts.items():
        write(folder / f"hyperfine-{label}.json", {"results": [{"median": time / 1000}]})
    return folder


def write_preloaded(
    folder: Path,
    churn: tuple[list[float], list[float]] = ([10.0], [11.0]),
    start: float = 1.0,
) -> Path:
    """What scripts/bench_preload.sh has of libc, native and jemalloc. churn is with zmalloc linked, and
    preloaded; start is that of a program on libc, which takes half a millisecond without."""
    folder.mkdir()
    write(folder / "machine.json", MACHINE)
    for backend in ("libc", "native", "jemalloc"):
        found = [
            repetition(name_of("churn/threads:1", subject), time)
            for subject, times in zip(("zmalloc", "preloaded"), churn, strict=True)
            for time in times
        ]
        write(folder / f"churn-{backend}.json", {"context": {}, "benchmarks": found})
    starts = {"true": 0.5, "libc": start, "native": start, "jemalloc": 2.5}
    write(folder / "startup.json", startup(starts))
    rows = [
        "variant,metric,median,low,high",
        "zmalloc on native,cpu,0.303,0.29,0.31",
        "nothing,cpu,0.2,0.19,0.21",
        "zmalloc on jemalloc,cpu,0.303,0.29,0.31",
        "jemalloc,cpu,0.3,0.29,0.31",
        "jemalloc,wall,9,9,9",
    ]
    (folder / "python.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def write_sampled(
    folder: Path,
    churn: tuple[list[float], ...] = ([10.0], [10.1], [11.0]),
    bytes_sampled: float = 81.0,
) -> Path:
    """What scripts/bench_sample.sh has of jemalloc and tcmalloc. churn is without samples, and with one for
    512 KiB and for 64 KiB; bytes_sampled are those of an object of 64, which takes 80 without."""
    folder.mkdir()
    write(folder / "machine.json", MACHINE)
    rows = ["variant,metric,median,low,high"]
    for backend in ("jemalloc", "tcmalloc"):
        found = [
            repetition(name_of("churn_sample", subject), time)
            for subject, times in zip(("zmalloc", "every-512K", "every-64K"), churn, strict=True)
            for time in times
        ]
        write(folder / f"churn-{backend}.json", {"context": {}, "benchmarks": found})
        for kind, size in (("", 80.0), ("-512K", bytes_sampled)):
            subjects = {"raw": {"8": 30.0, "64": 80.0}, "zmalloc": {"8": 30.0, "64": size}}
            write(folder / f"footprint-{backend}{kind}.json", footprint(subjects))
        rows += [
            f"{backend},cpu,0.4,0.39,0.41",
            f"{backend} 512K,cpu,0.404,0.40,0.41",
            f"{backend} 64K,cpu,0.42,0.415,0.43",
            f"{backend},rss,104857600,1,2",
            f"{backend} 512K,rss,106430464,1,2",
        ]
    for name, times in (
        ("jemalloc", [10.0, 12.0]),
        ("jemalloc-512K", [11.0, 10.5]),
        ("jemalloc-prof", [14.0, 15.0]),
        ("tcmalloc", [10.0, 12.0]),
        ("tcmalloc-512K", [11.0, 10.5]),
        ("gperftools", [8.0, 9.0]),
        ("gperftools-samples", [8.8, 9.0]),
    ):
        for number, time in enumerate(times, 1):
            found = [repetition(name_of("churn/threads:1", "zmalloc"), time)]
            write(
                folder / f"profiler-{name}-{number}.json", {"context": {}, "benchmarks": found}
            )
    rows += [
        "jemalloc prof,cpu,0.44,0.43,0.45",
        "jemalloc prof,rss,103809024,1,2",
        "gperftools,cpu,0.4,0.39,0.41",
        "gperftools,rss,104857600,1,2",
        "gperftools samples,cpu,0.5,0.49,0.51",
        "gperftools samples,rss,115343360,1,2",
    ]
    (folder / "wordcount.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder
