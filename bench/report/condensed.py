# SPDX-License-Identifier: BSD-3-Clause
"""The results as data: small JSON for the repository, and a file of columns for each chart."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from runs import SUBJECTS, WITHOUT_RAW
from summary import Added, Memory, Row, Summary
from targets import all_checks

# ---- results.json ----


def times(row: Row) -> list[dict[str, Any]]:
    return [
        {
            "backend": row.backend,
            "workload": row.workload,
            "subject": subject,
            "ns_min": round(row.ns_min[subject], 3),
            "ns_median": round(row.ns_median[subject], 3),
        }
        for subject in SUBJECTS
        if subject in row.ns_min
    ]


def ratios(row: Row) -> dict[str, Any]:
    def rounded(value: float | None) -> float | None:
        return None if value is None else round(value, 4)

    return {
        "backend": row.backend,
        "workload": row.workload,
        "to_raw_min": rounded(row.to_raw_min),
        "to_raw_median": rounded(row.to_raw_median),
        **{f"against_{name}": rounded(value) for name, value in row.against.items()},
    }


def added(found: Added) -> dict[str, Any]:
    return {
        "backend": found.backend,
        "workload": found.workload,
        "subject": found.subject,
        "ns_min_without": round(found.without_ns, 3),
        "ns_min": round(found.with_ns, 3),
        "more_ns_min": round(found.more_min, 3),
        "more_ns_median": round(found.more_median, 3),
        "ratio_min": round(found.ratio_min, 4),
        "ratio_median": round(found.ratio_median, 4),
    }


def memory(found: Memory) -> dict[str, Any]:
    sizes = {} if found.size == "thread" else {"size": found.size}
    values = {"raw": round(found.raw, 2), "zmalloc": round(found.zmalloc, 2)}
    return {"backend": found.backend, **sizes, **values}


def targets(summary: Summary) -> list[dict[str, Any]]:
    return [
        {
            "backend": check.backend,
            "what": check.what,
            "target": check.target,
            "value": round(check.value, 4),
            "met": check.met,
        }
        for check in all_checks(summary)
    ]


def condensed(summary: Summary) -> dict[str, Any]:
    return {
        "machine": summary.machine,
        "runs": summary.runs,
        "skipped": summary.skipped,
        "results": [entry for row in summary.rows for entry in times(row)],
        "ratios": [ratios(row) for row in summary.rows],
        "added": [added(found) for found in summary.added],
        "objects": [memory(found) for found in summary.objects],
        "threads": [memory(found) for found in summary.threads],
        "startup": [
            {"label": label, **{name: round(value, 4) for name, value in found.items()}}
            for label, found in summary.startup.items()
        ],
        "targets": targets(summary),
    }


def one_entry_a_line(found: dict[str, Any]) -> str:
    """Makes the diff of two results readable."""

    def text(value: Any) -> str:
        if not isinstance(value, list):
            return json.dumps(value, indent=2).replace("\n", "\n  ")
        return "[\n    " + ",\n    ".join(json.dumps(entry) for entry in value) + "\n  ]"

    members = (f"  {json.dumps(name)}: {text(value)}" for name, value in found.items())
    return "{\n" + ",\n".join(members) + "\n}\n"


# ---- The charts' data: column names in the first line, values without blanks ----


def cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def columns(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    return "".join(" ".join(map(cell, row)) + "\n" for row in (header, *rows))


def blocks(header: list[str], found: dict[str, list[list[Any]]]) -> str:
    """A block for each backend, under its name. gnuplot wants two empty lines between blocks."""
    return "\n\n".join(f"# {name}\n" + columns(header, rows) for name, rows in found.items())


def subject_times(row: Row) -> list[float]:
    return [row.ns_min[subject] for subject in SUBJECTS]


def churn(summary: Summary) -> str:
    rows = [
        [backend, *subject_times(summary.row(backend, "churn/threads:1"))]
        for backend in summary.backends()
    ]
    return columns(["backend", *SUBJECTS], rows)


def churn_threads(summary: Summary) -> str:
    prefix = "churn/threads:"
    threads = [name.removeprefix(prefix) for name in summary.workloads() if name.startswith(prefix)]
    found = {
        backend: [
            [count, *subject_times(summary.row(backend, prefix + count))] for count in threads
        ]
        for backend in summary.backends()
    }
    return blocks(["threads", *SUBJECTS], found)


def ratio(summary: Summary) -> str:
    rows = [
        [workload, *(summary.row(name, workload).to_raw_min for name in summary.backends())]
        for workload in summary.workloads()
        if not workload.startswith(WITHOUT_RAW)
    ]
    return columns(["workload", *summary.backends()], rows)


def used_memory(summary: Summary) -> str:
    prefix = "used_memory/"
    rows = [
        [
            workload.removeprefix(prefix),
            *(summary.row(name, workload).ns_min["zmalloc"] for name in summary.backends()),
        ]
        for workload in summary.workloads()
        if workload.startswith(prefix)
    ]
    return columns(["threads", *summary.backends()], rows)


def footprint(summary: Summary) -> str:
    found = {
        backend: [[m.size, m.raw, m.zmalloc] for m in summary.objects if m.backend == backend]
        for backend in summary.backends()
    }
    return blocks(["size", "raw", "zmalloc"], found)


def startup(summary: Summary) -> str:
    rows = [
        [label, found["wall_ms_median"], found["max_rss_kib"] / 1024]
        for label, found in summary.startup.items()
    ]
    return columns(["program", "milliseconds", "MiB"], rows)


CHARTS = {
    "churn": churn,
    "churn_threads": churn_threads,
    "ratio": ratio,
    "used_memory": used_memory,
    "footprint": footprint,
    "startup": startup,
}


def write(summary: Summary, folder: Path) -> None:
    (folder / "results.json").write_text(one_entry_a_line(condensed(summary)), encoding="utf-8")
    for name, make in CHARTS.items():
        (folder / f"{name}.dat").write_text(make(summary), encoding="utf-8")
