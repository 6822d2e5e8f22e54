#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compiles the programs of docs/adapters.md as they stand there, without a warning, and runs them on
each backend that is built in. Those of libraries that this machine does not have are skipped."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import examples

PAGE = examples.ROOT / "docs/adapters.md"
ROW = re.compile(r"^\| \[(\w+)\]\(#\w+\) \| `([\w.-]+)` \|", re.MULTILINE)
PROGRAM = re.compile(r"^```c\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# The sections that are not named after the library.
ALSO = {"A zone for each library": "jansson"}


def flags(package):
    """What compiles and links with a library, or None where it is not installed."""
    command = ["pkg-config", "--cflags", "--libs", package]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.split() if done.returncode == 0 else None


def sections(text):
    """The heading and the text of each section."""
    parts = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def main():
    arguments = examples.argument_parser().parse_args()

    text = PAGE.read_text()
    packages = dict(ROW.findall(text))
    packages |= {heading: packages[library] for heading, library in ALSO.items()}
    found = sections(text)
    with tempfile.TemporaryDirectory(prefix="zmalloc-adapters.") as folder:
        compiled = examples.Examples(Path(folder), arguments.library, arguments.compiler)
        for heading, package in packages.items():
            programs = PROGRAM.findall(found.get(heading, ""))
            if not programs:
                sys.exit(f"{PAGE}: there is no program for {heading}")
            if flags(package) is None:
                print(f"skipped: {heading}: there is no {package}")
                continue
            for program in programs:
                made = compiled.program(program, *flags(package))
                for backend in arguments.backends.split():
                    said = examples.run([made], ZMALLOC_BACKEND=backend)
                    print(f"{heading} on {backend}: {said.strip()}")


if __name__ == "__main__":
    main()
