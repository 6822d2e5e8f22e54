#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The documents about limits and zones: their excerpts are in the example that they name, to the
letter, and their whole programs compile without a warning and end well on each backend."""

import re
import sys
import tempfile
from pathlib import Path

import examples

PAGES = ["docs/limits.md", "docs/zones.md"]
EXCERPT = re.compile(r"^<!-- (\S+) -->\n```c\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PROGRAM = re.compile(r"^```c\n(#include.*?)^```$", re.DOTALL | re.MULTILINE)


def check_excerpts(page, text):
    for path, excerpt in EXCERPT.findall(text):
        if excerpt not in (examples.ROOT / path).read_text():
            sys.exit(f"{page}: this is not in {path}:\n{excerpt}")
        print(f"{page}: {len(excerpt.splitlines())} lines of {path}")


def run_programs(page, text, compiled, backends):
    programs = PROGRAM.findall(text)
    if not programs:
        sys.exit(f"{page}: there is no program")
    for program in programs:
        made = compiled.program(program)
        for backend in backends:
            print(f"{page} on {backend}:")
            print(examples.run([made], ZMALLOC_BACKEND=backend), end="")


def main():
    arguments = examples.argument_parser().parse_args()

    with tempfile.TemporaryDirectory(prefix="zmalloc-excerpts.") as folder:
        compiled = examples.Examples(Path(folder), arguments.library, arguments.compiler)
        for page in PAGES:
            text = (examples.ROOT / page).read_text()
            check_excerpts(page, text)
            run_programs(page, text, compiled, arguments.backends.split())


if __name__ == "__main__":
    main()
