#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares zmalloc(1) with what the command says of itself: each verb of `zmalloc --help` has a
section; each option and each exit status of the help of a verb has its paragraph there, and none
has that the help does not know."""

import re
import subprocess
import sys
from pathlib import Path

import scdoc

ROOT = Path(__file__).resolve().parent.parent.parent
VERB = re.compile(r"^  ([a-z]+) {2,}", re.MULTILINE)
OPTIONS = re.compile(r"^ {2,6}(-.*?)(?: {2,}|$)", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])-(?:[a-zA-Z]|-[a-z-]+)\b")
STATUS = re.compile(r"^  (\d+) {2,}", re.MULTILINE)

# Of the command and of every verb, so it has one place for all.
COMMON = {"-h", "--help"}


def say_of_itself(*command):
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    return done.stdout


def options_of_help(text):
    return set(OPTION.findall(" ".join(OPTIONS.findall(text))))


def options_of_page(page, section):
    return set(OPTION.findall(scdoc.plain(" ".join(page.terms(section)))))


def differences(page, section, said, real):
    for name in sorted(real - said):
        yield f"{page.name}: {section} has no paragraph about {name}"
    for name in sorted(said - real):
        yield f"{page.name}: {section} has {name}, the help has not"


def compare(page, tool):
    own_help = say_of_itself(tool)
    verbs = VERB.findall(own_help)
    statuses = set(STATUS.findall(own_help))

    if not verbs:
        yield f"{tool} --help names no verb"
    for verb in verbs:
        text = say_of_itself(tool, verb)
        real = options_of_help(text) - COMMON
        yield from differences(page, verb.upper(), options_of_page(page, verb.upper()), real)
        statuses |= set(STATUS.findall(text))
    said = set(re.findall(r"\*(\d+)\*", " ".join(page.terms("EXIT STATUS"))))
    yield from differences(page, "EXIT STATUS", said, statuses)


def main(tool):
    page = scdoc.Page(ROOT / "docs/man/zmalloc.1.scd")
    sys.exit("\n".join(compare(page, tool)) or 0)


if __name__ == "__main__":
    main(sys.argv[1])
