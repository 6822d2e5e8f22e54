#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Counts the results in the test logs of Meson build folders.

usage: count_tests.py BUILD_DIR...

Prints "N passed, N failed, N skipped"; exit status 1 if none passed or any failed.
"""

import json
import pathlib
import sys


def results(build):
    for log in sorted(pathlib.Path(build, "meson-logs").glob("testlog*.json")):
        for line in log.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)["result"]


def main(builds):
    found = [result for build in builds for result in results(build)]
    passed = found.count("OK")
    skipped = found.count("SKIP")
    failed = len(found) - passed - skipped
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if passed > 0 and failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
