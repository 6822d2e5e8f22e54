#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Lists what the tests show, as a Markdown table made from the tests themselves.

usage: list_tests.py           prints the table
       list_tests.py --write   puts it into docs/testing.md, between its two marks
       list_tests.py --check   ends with status 1 where the table there is not the one of the tests

A row is a test program or script: what its first comment says, and the names of its cases.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/testing.md"
BEGIN = "<!-- begin: scripts/list_tests.py --write -->\n"
END = "<!-- end: scripts/list_tests.py --write -->\n"
PROGRAMS = ["tests/test_*.c", "tests/test_*.cpp", "tests/*/test_*.c"]
SCRIPTS = ["tests/*.sh", "tests/*.py", "tests/*/*.sh", "tests/*/*.py", "tests/*/*.bats"]
# They run tests, share code for them, or stand in for them.
NOT_TESTS = {"absent.sh", "callgrind.py", "common.sh", "late.py", "scdoc.py"}

CASE = re.compile(r"\b(?:zm_test|cmocka_unit_test\w*)\(\s*(\w+)")
BATS_CASE = re.compile(r'^@test "(.*)" \{$', re.MULTILINE)
C_COMMENT = re.compile(r"\A/\* SPDX[^\n]*\n\s*/\*(.*?)\*/", re.DOTALL)
SCRIPT_COMMENT = re.compile(r"\A(?:#![^\n]*\n)?# SPDX[^\n]*\n#\n((?:# [^\n]*\n)+)")
DOCSTRING = re.compile(r'\A(?:#![^\n]*\n)?# SPDX[^\n]*\n"""(.*?)"""', re.DOTALL)


def first_comment(path, text):
    """What the file says of itself: the first paragraph, on one line."""
    pattern = C_COMMENT if path.suffix in (".c", ".cpp") else SCRIPT_COMMENT
    match = DOCSTRING.match(text) or pattern.match(text)
    if match is None:
        sys.exit(f"{path}: no comment after the licence that says what it shows")
    lines = [re.sub(r"^\s*(\*|#)?\s?", "", line).strip() for line in match[1].strip().split("\n")]
    paragraph = lines[: lines.index("")] if "" in lines else lines
    return " ".join(line for line in paragraph if not line.startswith("shellcheck")).strip()


def cases_of(path, text):
    """The names of the cases as sentences, each once, in the order of the file."""
    if path.suffix == ".bats":
        return BATS_CASE.findall(text)
    names = dict.fromkeys(CASE.findall(text))
    names.pop("test", None)  # the parameter of a macro over the two
    return [name.replace("_", " ") for name in names]


def row(path):
    text = path.read_text()
    cases = "; ".join(cases_of(path, text))
    return f"| `{path.relative_to(ROOT)}` | {first_comment(path, text)} | {cases} |".replace("  |", " |")


def files(patterns):
    found = {path for pattern in patterns for path in ROOT.glob(pattern)}
    return sorted(path for path in found if path.name not in NOT_TESTS)


def table():
    rows = [row(path) for path in files(PROGRAMS) + files(SCRIPTS)]
    return "\n".join(["| test | what it shows | cases |", "| --- | --- | --- |", *rows]) + "\n"


def replaced(document):
    """The document with the table of now."""
    before, mark, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        sys.exit(f"{DOCUMENT}: the marks of the table are not there")
    return before + mark + "\n" + table() + "\n" + end + after


def main(arguments):
    if arguments not in ([], ["--write"], ["--check"]):
        sys.exit(f"list_tests.py: {' '.join(arguments)!r} is not one of --write and --check")
    if not arguments:
        print(table(), end="")
        return
    document = DOCUMENT.read_text()
    if arguments == ["--write"]:
        DOCUMENT.write_text(replaced(document))
    elif replaced(document) != document:
        sys.exit("docs/testing.md is not what the tests say: run scripts/list_tests.py --write")


if __name__ == "__main__":
    main(sys.argv[1:])
