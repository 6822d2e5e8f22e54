# SPDX-License-Identifier: BSD-3-Clause
"""Prints what scripts/bench_preload.sh has measured.

usage: preloaded.py DIR     its results
"""

from __future__ import annotations

import csv
import statistics
import sys
from pathlib import Path

from runs import ReportError, read_json, repetitions
from tables import machine_lines, table

# The targets: nanoseconds more than linked, the ratio to an allocator's own library, milliseconds more
# than nothing.
CHURN_MORE, PYTHON_RATIO, START_MORE = 3.0, 1.02, 1.0

MEANING = f"""\
CHURN   a block of a server's mix of sizes is freed and another allocated: nanoseconds with malloc() and
        free() preloaded, and with zfree() and zmalloc() in the same process, minima of repetitions, and
        medians in brackets (target: {CHURN_MORE:g} ns more)
PYTHON  processor time of examples/index_words.py on 3 MB, as a ratio: with zmalloc preloaded, to that
        with the library that the allocator's own project preloads; native is beside nothing preloaded.
        Both with their 95 % interval (target: {PYTHON_RATIO:g})
START   of the program true: milliseconds more than without, medians (target on libc: {START_MORE:g})"""


def churn(folder: Path, backend: str) -> dict[str, list[float]]:
    path = folder / f"churn-{backend}.json"
    times: dict[str, list[float]] = {"zmalloc": [], "preloaded": []}
    for _, subject, time in repetitions(read_json(path), path, tuple(times)):
        times[subject].append(time)
    if not all(times.values()):
        raise ReportError(f"{path}: not both were measured")
    return times


def churn_cells(times: dict[str, list[float]]) -> list[str]:
    linked, preloaded = times["zmalloc"], times["preloaded"]
    more = min(preloaded) - min(linked)
    medians = statistics.median(preloaded) - statistics.median(linked)
    return [
        f"{min(linked):.2f}",
        f"{min(preloaded):.2f}",
        f"{more:+.2f} ({medians:+.2f})",
        "yes" if more <= CHURN_MORE else "NO",
    ]


def python_cells(rows: dict[str, dict[str, str]], backend: str) -> list[str]:
    if backend == "libc":  # native is what is like nothing preloaded
        return ["-", "-", "-", "-"]
    ours, theirs = rows[f"zmalloc on {backend}"], rows["nothing" if backend == "native" else backend]
    ratio = float(ours["median"]) / float(theirs["median"])

    def milliseconds(row: dict[str, str]) -> str:
        median, low, high = (float(row[name]) * 1000 for name in ("median", "low", "high"))
        return f"{median:.0f} ({low:.0f}-{high:.0f})"

    return [
        milliseconds(theirs),
        milliseconds(ours),
        f"{ratio:.3f}",
        "yes" if ratio <= PYTHON_RATIO else "NO",
    ]


def start_cells(starts: dict[str, float], backend: str) -> list[str]:
    more = starts[backend] - starts["true"]
    met = "-" if backend != "libc" else "yes" if more <= START_MORE else "NO"
    return [f"{more:+.2f}", met]


def report(folder: Path) -> str:
    machine = read_json(folder / "machine.json")
    found = read_json(folder / "startup.json")
    starts = {entry["label"]: float(entry["wall_ms_median"]) for entry in found}
    with (folder / "python.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["variant"]: row for row in csv.DictReader(file) if row["metric"] == "cpu"}
    header = ["BACKEND", "LINKED ns", "PRELOADED ns", "MORE", "MET", "PYTHON, OWN ms", "ZMALLOC ms"]
    header += ["RATIO", "MET", "START ms", "MET"]
    backends = [label for label in starts if label != "true"]
    lines = [
        [
            backend,
            *churn_cells(churn(folder, backend)),
            *python_cells(rows, backend),
            *start_cells(starts, backend),
        ]
        for backend in backends
    ]
    return "\n".join(
        [*machine_lines(machine, {}), "", *table(header, lines), "", *MEANING.splitlines()]
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("preloaded: say the folder of the results")
    try:
        print(report(Path(sys.argv[1])))
    except (ReportError, OSError, KeyError) as error:
        sys.exit(f"preloaded: {error}")
