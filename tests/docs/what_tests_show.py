#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every test says what it shows: the first comment of its file is a sentence, and so is the name of
each of its cases.

usage: what_tests_show.py [--list]     --list prints them all
"""

import re
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
PROGRAMS = ["unit/test_*.c", "unit/test_*.cpp", "choice/test_*.c", "tools/test_*.c",
            "adapters/test_*.c"]
SCRIPTS = ["*/*.sh", "*/*.py", "*/*.bats"]
# They run tests, share code for them, or stand in for them.
NOT_TESTS = {"absent.sh", "callgrind.py", "common.sh", "late.py", "scdoc.py", "summary.py"}

CASE = re.compile(r"\b(?:zm_test|fail_test|cmocka_unit_test\w*)\(\s*(\w+)")
BATS_CASE = re.compile(r'^@test "(.*)" \{$', re.MULTILINE)
C_COMMENT = re.compile(r"\A/\* SPDX[^\n]*\n\s*/\*(.*?)\*/", re.DOTALL)
SCRIPT_COMMENT = re.compile(r"\A(?:#![^\n]*\n)?# SPDX[^\n]*\n#\n((?:# [^\n]*\n)+)")
DOCSTRING = re.compile(r'\A(?:#![^\n]*\n)?# SPDX[^\n]*\n"""(.*?)"""', re.DOTALL)
WORDS_OF_A_SENTENCE = 2


def first_comment(path, text):
    """The first paragraph, on one line; empty if there is none."""
    pattern = C_COMMENT if path.suffix in (".c", ".cpp") else SCRIPT_COMMENT
    match = DOCSTRING.match(text) or pattern.match(text)
    if match is None:
        return ""
    lines = [re.sub(r"^\s*(\*|#)?\s?", "", line).strip() for line in match[1].strip().split("\n")]
    paragraph = lines[: lines.index("")] if "" in lines else lines
    return " ".join(line for line in paragraph if not line.startswith("shellcheck")).strip()


def cases_of(path, text):
    """The names of the cases as sentences, each once, in the order of the file."""
    if path.suffix == ".bats":
        return BATS_CASE.findall(text)
    names = dict.fromkeys(CASE.findall(text))
    for parameter in ("test", "function"):  # of a macro over the two
        names.pop(parameter, None)
    return [name.replace("_", " ") for name in names]


def files(patterns):
    found = {path for pattern in patterns for path in TESTS.glob(pattern)}
    return sorted(path for path in found if path.name not in NOT_TESTS)


def is_sentence(text):
    return len(text.split()) >= WORDS_OF_A_SENTENCE


def silent(path, comment, cases):
    """What is not said, or None."""
    if not is_sentence(comment):
        return "has no comment after the licence that says what it shows"
    if path.suffix in (".c", ".cpp", ".bats") and not cases:
        return "has no case"
    for case in cases:
        if not is_sentence(case):
            return f"has a case whose name does not say what it shows: {case}"
    return None


def main(arguments):
    if arguments not in ([], ["--list"]):
        sys.exit(f"what_tests_show.py: {' '.join(arguments)!r} is not --list")
    tests = files(PROGRAMS) + files(SCRIPTS)
    if not tests:
        sys.exit(f"{TESTS}: there are no tests")
    complaints = []
    for path in tests:
        text = path.read_text()
        comment, cases = first_comment(path, text), cases_of(path, text)
        complaint = silent(path, comment, cases)
        if complaint:
            complaints.append(f"{path.relative_to(TESTS.parent)} {complaint}")
        if arguments:
            print("\n    ".join([f"{path.relative_to(TESTS)}: {comment}", *cases]))
    if complaints:
        sys.exit("\n".join(complaints))
    print(f"{len(tests)} tests say what they show")


if __name__ == "__main__":
    main(sys.argv[1:])
