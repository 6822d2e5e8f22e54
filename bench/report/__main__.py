# SPDX-License-Identifier: BSD-3-Clause
"""Prints the results of one or more runs of scripts/bench.sh beside the targets (targets.py)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import condensed
import tables
from runs import ReportError, read_run
from summary import summarize


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="report", description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="the folder of a run")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="write results.json and the charts' data there"
    )
    return parser.parse_args()


def main() -> int:
    given = arguments()
    try:
        summary = summarize([read_run(folder) for folder in given.runs])
        text = tables.report(summary)
        if given.data is not None:
            condensed.write(summary, given.data)
    except (ReportError, OSError) as error:
        print(f"report: {error}", file=sys.stderr)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
