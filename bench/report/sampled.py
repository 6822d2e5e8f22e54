# SPDX-License-Identifier: BSD-3-Clause
"""Prints what scripts/bench_sample.sh has measured.

usage: sampled.py DIR     its results
"""

from __future__ import annotations

import csv
import statistics
import sys
from pathlib import Path

from runs import BACKENDS, ReportError, read_footprint, read_json, repetitions
from tables import machine_lines, table

# The targets: times as long, and of a heap's bytes and beside them.
TIME_RATIO, MEMORY_PERCENT, MEMORY_MIB = 1.02, 1.5, 1

INTERVALS = ("512K", "64K")

MEANING = f"""\
CHURN      a block of a server's mix of sizes is freed and another allocated, under the layer "sample":
           nanoseconds with no block sampled; and the ratios to that with a sample for 512 KiB and for 64 KiB
           on average: of minima of repetitions, of medians in brackets (target: {TIME_RATIO:g} for 512 KiB)
WORDCOUNT  processor time of examples/wordcount on 30 MB, in milliseconds, without the layer; and the ratios
           to that with samples, of medians (target: {TIME_RATIO:g} for 512 KiB)
OVERLAP    whether the 95 % intervals of both medians overlap, so that the ratio says nothing
MEMORY     what resident memory 64 MiB in objects of a size take more with a sample for 512 KiB: in percent,
           the most of all sizes (target: {MEMORY_PERCENT:g} and {MEMORY_MIB} MiB, which is
           {MEMORY_PERCENT + 100 * MEMORY_MIB / 64:.2f} of 64)"""

PROFILERS_MEANING = """\
The same with the profilers that the allocators have themselves, one sample for 512 KiB on average:
jemalloc with prof:true, gperftools' libtcmalloc with TCMALLOC_SAMPLE_PARAMETER, which it is preloaded for.
CHURN      nanoseconds without and with, each in processes of its own, minima of repetitions, and their ratio
WORDCOUNT  the same in milliseconds of processor time, medians with their 95 % interval
MiB        how much more resident memory wordcount had at its peak, of medians"""

Row = dict[str, str]
Rows = dict[str, dict[str, Row]]


def read_rows(path: Path) -> Rows:
    """Of each metric the rows of the variants."""
    rows: Rows = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["metric"], {})[row["variant"]] = row
    return rows


def met(ratio: float) -> str:
    return "yes" if ratio <= TIME_RATIO else "NO"


# ---- Churn ----


def churn_cells(path: Path) -> list[str]:
    times: dict[str, list[float]] = {"zmalloc": [], **{f"every-{every}": [] for every in INTERVALS}}
    for _, subject, time in repetitions(read_json(path), path, tuple(times)):
        times[subject].append(time)
    if not all(times.values()):
        raise ReportError(f"{path}: not all were measured")
    cells = [f"{min(times['zmalloc']):.2f}"]
    for every in INTERVALS:
        ratio, median = (
            of(times[f"every-{every}"]) / of(times["zmalloc"]) for of in (min, statistics.median)
        )
        cells.append(f"{ratio:.3f} ({median:.3f})")
        if every == INTERVALS[0]:
            cells.append(met(ratio))
    return cells


# ---- Wordcount ----


def overlap(one: Row, other: Row) -> bool:
    return float(one["low"]) <= float(other["high"]) and float(other["low"]) <= float(one["high"])


def ratio_of(row: Row, to: Row) -> float:
    return float(row["median"]) / float(to["median"])


def wordcount_cells(rows: dict[str, Row], backend: str) -> list[str]:
    without = rows[backend]
    cells = [f"{float(without['median']) * 1000:.0f}"]
    for every in INTERVALS:
        row = rows[f"{backend} {every}"]
        cells.append(f"{ratio_of(row, without):.3f}")
        if every == INTERVALS[0]:
            cells += [met(ratio_of(row, without)), "yes" if overlap(row, without) else "no"]
    return cells


# ---- Memory ----


def memory_cells(folder: Path, backend: str) -> list[str]:
    without, sampled = (
        read_footprint(folder / f"footprint-{backend}{kind}.json").objects for kind in ("", "-512K")
    )
    more, size = max(
        (100 * (sampled[key] / without[key] - 1), key[1]) for key in without if key[0] == "zmalloc"
    )
    fits = more <= MEMORY_PERCENT + 100 * MEMORY_MIB / 64
    return [f"{more:+.2f} (of {size})", "yes" if fits else "NO"]


# ---- The other profilers ----

PROFILERS = {
    "zmalloc on jemalloc": ("jemalloc", "jemalloc 512K"),
    "jemalloc's own": ("jemalloc", "jemalloc prof"),
    "zmalloc on tcmalloc": ("tcmalloc", "tcmalloc 512K"),
    "gperftools' own": ("gperftools", "gperftools samples"),
}


def milliseconds(row: Row) -> str:
    median, low, high = (float(row[name]) * 1000 for name in ("median", "low", "high"))
    return f"{median:.0f} ({low:.0f}-{high:.0f})"


def least_churn(folder: Path, name: str) -> float:
    times: list[float] = []
    for path in sorted(folder.glob(f"profiler-{name.replace(' ', '-')}-[0-9]*.json")):
        times += [time for _, _, time in repetitions(read_json(path), path)]
    if not times:
        raise ReportError(f"{folder}: churn with {name} was not measured")
    return min(times)


def profiler_rows(folder: Path, rows: Rows) -> list[list[str]]:
    lines = []
    for name, (without, sampled) in PROFILERS.items():
        cpu, rss = rows["cpu"], rows["rss"]
        mib = (float(rss[sampled]["median"]) - float(rss[without]["median"])) / (1 << 20)
        churn = [least_churn(folder, variant) for variant in (without, sampled)]
        lines.append(
            [
                name,
                *(f"{time:.2f}" for time in churn),
                f"{churn[1] / churn[0]:.3f}",
                milliseconds(cpu[without]),
                milliseconds(cpu[sampled]),
                f"{ratio_of(cpu[sampled], cpu[without]):.3f}",
                f"{mib:+.2f}",
            ]
        )
    return lines


# ---- All ----


def report(folder: Path) -> str:
    machine = read_json(folder / "machine.json")
    rows = read_rows(folder / "wordcount.csv")
    backends = [name for name in BACKENDS if (folder / f"churn-{name}.json").exists()]
    header = ["BACKEND", "CHURN ns", "512K", "MET", "64K", "WORDCOUNT ms", "512K", "MET", "OVERLAP"]
    header += ["64K", "MEMORY %", "MET"]
    lines = [
        [
            backend,
            *churn_cells(folder / f"churn-{backend}.json"),
            *wordcount_cells(rows["cpu"], backend),
            *memory_cells(folder, backend),
        ]
        for backend in backends
    ]
    profilers = ["PROFILER", "CHURN ns", "WITH", "RATIO", "WORDCOUNT ms", "WITH", "RATIO", "MiB"]
    return "\n".join(
        [
            *machine_lines(machine, {}),
            "",
            *table(header, lines),
            "",
            *MEANING.splitlines(),
            "",
            *table(profilers, profiler_rows(folder, rows)),
            "",
            *PROFILERS_MEANING.splitlines(),
        ]
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("sampled: say the folder of the results")
    try:
        print(report(Path(sys.argv[1])))
    except (ReportError, OSError, KeyError) as error:
        sys.exit(f"sampled: {error}")
