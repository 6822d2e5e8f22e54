# SPDX-License-Identifier: BSD-3-Clause
"""The report as plain text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from runs import BASELINES, WITHOUT_RAW, ReportError
from summary import Added, Memory, Row, Summary, geometric_mean
from targets import (
    Check,
    added_check,
    all_checks,
    number,
    object_check,
    row_checks,
    startup_checks,
)

NONE = "-"

MEANING = """\
ns is CPU time of all threads over operations: of each run the minimum of its repetitions, of the
runs the median. A ratio is formed within a run; of the runs' ratios the median counts.
OF RAW    time of zmalloc over that of the allocator by itself, of minima
MEDIANS   the same of medians
REDIS     how many times as fast as accounting in the manner of Redis, over the same allocator
VALKEY    the same in the manner of Valkey
TARGET    raw: OF RAW; redis: REDIS; either: the lower of REDIS and VALKEY; 2 threads: zmalloc's own
          time at 16 threads over that at 2"""

ADDED_MEANING = """\
An operation frees a block and allocates one, so it is two calls, and a zone may add 3 ns to each.
A far limit is 1 TiB, a near one twice what is in use.
MORE      what they add, in nanoseconds, of minima; in brackets of medians
RATIO     time with it over time without it, the same
TARGET    ns more: MORE; without: RATIO; both of minima"""

OBJECTS_MEANING = """\
Resident bytes for each of many objects of a size. Targets: what the allocator itself takes, within
2 %; on libc at most that and what a prefix of 16 bytes makes of it in glibc's classes, which have
steps of 16 bytes from 32 on (nothing for 8 bytes, else 16), within 2 %."""

STARTUP_MEANING = """\
A process from its start to its end; "more" is over empty, a program without zmalloc.
empty-linked never calls zmalloc, empty-used-BACKEND allocates one block. Medians."""

MACHINE = {
    "date": "measured",
    "cpu": "processor",
    "processors": "processors",
    "caches": "caches",
    "kernel": "kernel",
    "distribution": "distribution",
    "libc": "C library",
    "compiler": "compiler",
    "flags": "flags",
}


def table(header: list[str], rows: Iterable[list[str]], left: tuple[int, ...] = (0,)) -> list[str]:
    """Columns as wide as their contents. Those in left are aligned left, the others right."""
    lines = [header, *rows]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]

    def line(cells: list[str]) -> str:
        padded = (
            cell.ljust(width) if index in left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(padded).rstrip()

    return [line(cells) for cells in lines]


def met(checks: list[Check]) -> str:
    if not checks:
        return NONE
    return "yes" if all(check.met for check in checks) else "NO"


def factor(value: float | None) -> str:
    if value is None:
        return NONE
    return f"{value:.3f}" if value < 0.1 else number(value)


def amount(value: float) -> str:
    """Four significant digits."""
    decimals = 2 if value < 100 else 1 if value < 1000 else 0
    return f"{value:.{decimals}f}"


# ---- Times ----


def time_cells(summary: Summary, row: Row) -> list[str]:
    checks = row_checks(summary, row)
    return [
        row.backend,
        row.workload,
        amount(row.ns_min["raw"]) if "raw" in row.ns_min else NONE,
        amount(row.ns_min["zmalloc"]),
        factor(row.to_raw_min),
        factor(row.to_raw_median),
        *(factor(row.against[baseline]) for baseline in BASELINES),
        ", ".join(check.target for check in checks) or NONE,
        met(checks),
    ]


def times(summary: Summary) -> list[str]:
    header = ["BACKEND", "WORKLOAD", "RAW ns", "ZMALLOC ns", "OF RAW", "MEDIANS", "REDIS"]
    header += ["VALKEY", "TARGET", "MET"]
    rows = [time_cells(summary, row) for row in summary.rows]
    return [*table(header, rows, left=(0, 1, 8, 9)), "", *MEANING.splitlines()]


def added_cells(added: Added) -> list[str]:
    check = added_check(added)
    return [
        added.backend,
        added.workload,
        added.subject,
        amount(added.without_ns),
        amount(added.with_ns),
        f"{added.more_min:+.2f} ({added.more_median:+.2f})",
        f"{added.ratio_min:.3f} ({added.ratio_median:.3f})",
        check.target,
        met([check]),
    ]


def added(summary: Summary) -> list[str]:
    header = ["BACKEND", "WORKLOAD", "WITH", "WITHOUT ns", "WITH ns", "MORE", "RATIO"]
    header += ["TARGET", "MET"]
    rows = [added_cells(found) for found in summary.added]
    title = "What zones and limits add to zmalloc"
    return [title, "", *table(header, rows, left=(0, 1, 2, 7, 8)), "", *ADDED_MEANING.splitlines()]


def means(summary: Summary) -> list[str]:
    def of(backend: str, value: Callable[[Row], float | None]) -> str:
        values = [
            value(row)
            for row in summary.rows
            if row.backend == backend and not row.workload.startswith(WITHOUT_RAW)
        ]
        return f"{geometric_mean(v for v in values if v is not None):.3f}"

    rows = [
        [
            backend,
            of(backend, lambda row: row.to_raw_min),
            of(backend, lambda row: row.against["redis-style"]),
            of(backend, lambda row: row.against["valkey-style"]),
        ]
        for backend in summary.backends()
    ]
    return [
        "Geometric means over all rows but used_memory, each row once",
        "",
        *table(["BACKEND", "OF RAW", "REDIS", "VALKEY"], rows),
    ]


# ---- Memory ----


def memory_cells(memory: Memory) -> list[str]:
    more = memory.zmalloc - memory.raw
    return [memory.backend, memory.size, amount(memory.raw), amount(memory.zmalloc), f"{more:+.2f}"]


def objects(summary: Summary) -> list[str]:
    header = ["BACKEND", "SIZE", "RAW bytes", "ZMALLOC bytes", "MORE", "TARGET", "MET"]
    rows = []
    for memory in summary.objects:
        check = object_check(memory)
        rows.append([*memory_cells(memory), check.target, met([check])])
    title = "Bytes per object"
    return [title, "", *table(header, rows, left=(0, 5, 6)), "", *OBJECTS_MEANING.splitlines()]


def threads(summary: Summary) -> list[str]:
    header = ["BACKEND", "RAW bytes", "ZMALLOC bytes", "MORE"]
    rows = []
    for memory in summary.threads:
        backend, _, *cells = memory_cells(memory)
        rows.append([backend, *cells])
    return ["Bytes per thread", "", *table(header, rows)]


# ---- Start-up ----


def startup(summary: Summary) -> list[str]:
    header = ["PROGRAM", "WALL ms min", "median", "more", "hyperfine", "CPU ms", "RSS KiB", "more"]
    header += ["FAULTS"]
    rows = [
        [
            label,
            f"{found['wall_ms_min']:.3f}",
            f"{found['wall_ms_median']:.3f}",
            f"{found['more_wall_ms_median']:+.3f}",
            f"{found['hyperfine_ms_median']:.3f}",
            f"{found['cpu_ms_median']:.3f}",
            f"{found['max_rss_kib']:.0f}",
            f"{found['more_max_rss_kib']:+.0f}",
            f"{found['minor_faults']:.0f}",
        ]
        for label, found in summary.startup.items()
    ]
    checks = startup_checks(summary)
    targets = " and ".join(f"{check.target} more" for check in checks)
    verdict = f"Target for empty-used-libc: at most {targets}: {met(checks)}."
    return ["Start-up", "", *table(header, rows), "", *STARTUP_MEANING.splitlines(), verdict]


# ---- The whole report ----


def unmet_line(check: Check) -> str:
    unit = f" {check.unit}" if check.unit else ""
    value = f"{check.value:.3f}" if check.value < 10 else amount(check.value)
    note = f"; {check.note}" if check.note else ""
    return f"  {check.backend}  {check.what}: {value}{unit}, target {check.target}{note}"


def verdict(summary: Summary) -> list[str]:
    checks = all_checks(summary)
    unmet = [check for check in checks if not check.met]
    lines = [f"{len(checks) - len(unmet)} of {len(checks)} targets are met."]
    if unmet:
        lines += ["Not met:", *map(unmet_line, unmet)]
    lines += [f"Not measured: {name}: {why}" for name, why in sorted(summary.skipped.items())]
    return lines


def machine_lines(facts: dict[str, Any], more: dict[str, str]) -> list[str]:
    for name in ("zmalloc", "commit", "environment", "settings", *MACHINE):
        if name not in facts:
            raise ReportError(f'machine.json: "{name}" is missing')
    lines = {
        "zmalloc": f"{facts['zmalloc']}, commit {facts['commit']}",
        **{word: str(facts[name]) for name, word in MACHINE.items()},
        **more,
        **{f"set: {name}": value for name, value in facts["environment"].items()},
    }
    return [f"{name:<14}{value}" for name, value in lines.items()]


def machine(summary: Summary) -> list[str]:
    facts = summary.machine
    settings = ", ".join(f"{name} {value}" for name, value in facts.get("settings", {}).items())
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    more = {
        "allocators": versions,
        "runs": f"{summary.runs}; {settings}",
        "load average": f"at most {facts['load']:.2f} when a backend's turn began",
    }
    return machine_lines(facts, more)


def report(summary: Summary) -> str:
    parts = (machine, times, added, objects, threads, startup, means, verdict)
    return "\n\n".join("\n".join(part(summary)) for part in parts)
