#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints what bench.sh has measured.

usage: table.py RESULTS TITLE OVER SUBJECT...     in the order of the servers; the first is what others
                                                  are compared with: TITLE with its own
                                                  zmalloc.c over OVER

RESULTS is a folder with
  rates         a line a measurement: I/O THREADS, PIPELINE, COMMAND, SERVER, REQUESTS PER SECOND,
                MICROSECONDS of the server's processor time per request
  memory        WHEN, SERVER, USED MEMORY, RESIDENT, FRAGMENTATION
  machine.json  what it was measured on
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import geometric_mean, median

Case = tuple[int, int, str]
Figures = dict[Case, dict[int, list[float]]]

WIDTH = 13  # of a column of ratios


def read_rates(path: Path) -> tuple[Figures, Figures]:
    """Requests per second, and per second of processor time."""
    rates: Figures = defaultdict(lambda: defaultdict(list))
    busy_rates: Figures = defaultdict(lambda: defaultdict(list))
    for line in path.read_text(encoding="utf-8").splitlines():
        threads, pipeline, command, server, rate, microseconds = line.split()
        case = int(threads), int(pipeline), command
        rates[case][int(server)].append(float(rate))
        busy_rates[case][int(server)].append(1e6 / float(microseconds))
    return rates, busy_rates


def noise(rates: list[float]) -> str:
    """Half of the rounds are within this of their median."""
    middle = median(rates)
    if len(rates) < 2:
        return "unknown"
    return f"{median(abs(rate - middle) for rate in rates) / middle:.1%}"


def ratios(servers: dict[int, list[float]]) -> list[float]:
    return [median(servers[i]) / median(servers[0]) for i in range(1, len(servers))]


def cells(values: list[float]) -> str:
    return "".join(f"{value:{WIDTH}.3f}" for value in values)


def mean_line(words: str, rows: list[list[float]]) -> str:
    return f"{words:<50}" + cells([geometric_mean(column) for column in zip(*rows)])


def mean_lines(figures: Figures) -> list[str]:
    groups: dict[tuple[int, int], list[list[float]]] = defaultdict(list)
    for (threads, pipeline, _), servers in sorted(figures.items(), key=lambda item: item[0][:2]):
        groups[threads, pipeline].append(ratios(servers))
    lines = [
        mean_line(f"mean: I/O threads {threads}, pipeline {pipeline}", rows)
        for (threads, pipeline), rows in groups.items()
    ]
    return [*lines, mean_line("mean: all", [row for rows in groups.values() for row in rows])]


def rate_lines(rates: Figures, subjects: list[str]) -> list[str]:
    heads = "".join(f"{subject:>{WIDTH}}" for subject in subjects[1:])
    lines = [f"I/O THREADS  PIPELINE  COMMAND     STOCK/s    NOISE {heads}"]
    for case, servers in sorted(rates.items(), key=lambda item: item[0][:2]):
        threads, pipeline, command = case
        lines.append(
            f"{threads:<11}  {pipeline:<8}  {command.upper():<7} {median(servers[0]):>11.0f}"
            f"  {noise(servers[0]):>7} {cells(ratios(servers))}"
        )
    return [*lines, "", *mean_lines(rates)]


def busy_lines(busy_rates: Figures) -> list[str]:
    """I/O threads spin, so theirs is no time that requests take."""
    return mean_lines({case: servers for case, servers in busy_rates.items() if case[0] == 1})


def memory_lines(path: Path, subjects: list[str]) -> list[str]:
    lines = [f"{'DATA':<8}  {'SUBJECT':<12}  {'USED MiB':>9}  {'RSS MiB':>9}  FRAGMENTATION"]
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    for when, server, used, rss, fragmentation in sorted(
        rows, key=lambda row: (row[0] != "filled", int(row[1]))
    ):
        lines.append(
            f"{when:<8}  {subjects[int(server)]:<12}  {int(used) / 2**20:>9.1f}"
            f"  {int(rss) / 2**20:>9.1f}  {fragmentation:>13}"
        )
    return lines


def machine_lines(path: Path) -> list[str]:
    machine = json.loads(path.read_text(encoding="utf-8"))
    facts = {name: value for name, value in machine.items() if isinstance(value, (str, int))}
    facts |= {name: value for name, value in machine["settings"].items() if value}
    return [f"{name:<14}{value}" for name, value in facts.items()]


def main(results: Path, title: str, over: str, subjects: list[str]) -> None:
    rates, busy_rates = read_rates(results / "rates")
    parts = [
        ["Requests per second on zmalloc over those of the stock build: ratios of medians."],
        rate_lines(rates, subjects),
        ["The same per second of the server's processor time, which the client has no part in:"],
        busy_lines(busy_rates),
        ["Memory for the same data, once given and after half of it was replaced:"],
        memory_lines(results / "memory", subjects),
        [
            f"STOCK/s  requests per second of {title} with its own zmalloc.c over {over}",
            "NOISE    half of stock's rounds are within this of their median",
            "mean     geometric mean of the ratios",
        ],
        machine_lines(results / "machine.json"),
    ]
    print("\n\n".join("\n".join(line.rstrip() for line in part) for part in parts))


if __name__ == "__main__":
    if len(sys.argv) < 6:
        sys.exit("table: say the folder of results, what was measured, and at least two subjects")
    main(Path(sys.argv[1]), *sys.argv[2:4], sys.argv[4:])
