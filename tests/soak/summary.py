#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints, as Markdown, what scripts/soak.sh found.

usage: summary.py DIR     which has machine.json, rows.tsv and allocators.txt
"""

import json
import sys
from pathlib import Path

COLUMNS = ("storm", "backend", "result", "seconds", "figures")


def table(rows):
    widths = [max(len(row[i]) for row in [COLUMNS, *rows]) for i in range(len(COLUMNS))]
    lines = [COLUMNS, ["-" * width for width in widths], *rows]
    for line in lines:
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |"


def facts(machine, allocators):
    settings = machine["settings"]
    yield f"- {machine['date']}, {settings['minutes']} minutes; commit {machine['commit']}"
    yield f"- {settings['scale']} % of the full figures; fuzzed for {settings['hours']} hours"
    yield f"- {machine['cpu']}, {machine['processors']} processors"
    yield f"- {machine['kernel']}, {machine['distribution']}, {machine['libc']}"
    yield f"- {machine['compiler']}: {machine['flags']}"
    yield f"- {', '.join(allocators) or 'no allocator'}"
    if machine["environment"]:
        yield "- " + ", ".join(f"{name}={value}" for name, value in machine["environment"].items())


def conclusion(rows):
    results = [row[2].partition(":")[0] for row in rows]
    counts = {word: results.count(word) for word in ("ok", "FAILED", "skipped")}
    return ", ".join(f"{count} {word}" for word, count in counts.items())


def main(folder):
    machine = json.loads((folder / "machine.json").read_text(encoding="utf-8"))
    text = (folder / "rows.tsv").read_text(encoding="utf-8").replace("|", "\\|")
    rows = [line.split("\t") for line in text.splitlines()]
    allocators = (folder / "allocators.txt").read_text(encoding="utf-8").split()
    print("\n".join(facts(machine, sorted(set(allocators)))))
    print()
    print("\n".join(table(rows)))
    print()
    print(f"{machine['settings']['end']}: {conclusion(rows)}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("summary: say the folder")
    main(Path(sys.argv[1]))
