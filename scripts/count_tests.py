#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Counts the results in the test logs of Meson build folders.

Prints "N passed, N failed, N skipped". The exit status is 1 if no test passed or any failed.
"""

import argparse
import json
import pathlib
import sys


def logged_tests(build):
    for log in sorted(pathlib.Path(build, "meson-logs").glob("testlog*.json")):
        for line in log.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def show_skipped(tests):
    """One line for each test and reason, whatever the backend."""
    reasons = {}
    for test in tests:
        name = test["name"].split(" / ")[-1]
        for line in test.get("stdout", "").splitlines():
            if line.startswith("skipped: "):
                reasons[f"{name}: {line}"] = None
    print(*reasons, sep="\n")


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skipped", action="store_true",
                        help="first list what tests said they do not test, or only in part")
    parser.add_argument("builds", metavar="BUILD_DIR", nargs="+")
    return parser.parse_args()


def main():
    arguments = read_arguments()
    tests = [test for build in arguments.builds for test in logged_tests(build)]
    if arguments.skipped:
        show_skipped(tests)
    found = [test["result"] for test in tests]
    passed = found.count("OK")
    skipped = found.count("SKIP")
    failed = len(found) - passed - skipped
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if passed > 0 and failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
