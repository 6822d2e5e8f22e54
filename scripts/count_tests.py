#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Counts the results in the test logs of Meson build folders.

usage: count_tests.py [--skipped] BUILD_DIR...

Prints "N passed, N failed, N skipped"; exit status 1 if none passed or any failed. With --skipped,
first what the tests said that they do not test, a part of one that passed as well.
"""

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


def main(arguments):
    builds = [argument for argument in arguments if argument != "--skipped"]
    tests = [test for build in builds for test in logged_tests(build)]
    if "--skipped" in arguments:
        show_skipped(tests)
    found = [test["result"] for test in tests]
    passed = found.count("OK")
    skipped = found.count("SKIP")
    failed = len(found) - passed - skipped
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if passed > 0 and failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
