#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compiles the examples of the man pages as they stand there, without a warning, and runs them: the
programs on each backend that is built in, and on the module of zmalloc_backend(3), which has to
pass tests that our own backends pass."""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import scdoc

ROOT = Path(__file__).resolve().parent.parent.parent
FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def run(command, **environment):
    """What the command prints; an end with any other status than 0, or a message, ends the test."""
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        settings = " ".join(f"{name}={value}" for name, value in environment.items())
        command = " ".join(map(str, command))
        sys.exit(f"{settings} {command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Examples:
    def __init__(self, folder, library, compiler):
        self.folder = folder
        self.library = library
        self.compiler = compiler
        self.count = 0

    def build(self, source, *more):
        """Compiles the source and returns the path of what comes of it."""
        self.count += 1
        file = self.folder / f"example{self.count}.c"
        file.write_text(source)
        made = file.with_suffix("")
        run([*self.compiler, *FLAGS, "-I", ROOT / "include", file, "-o", made, *more])
        return made

    def program(self, source, *more):
        library = ["-L", self.library, "-lzmalloc", f"-Wl,-rpath,{self.library}"]
        return self.build(source, *library, *more)

    def module(self, source):
        """Returns the name of the backend, whose module is then in the folder."""
        name = re.search(r'\.name = "(\w+)"', source)[1]
        self.build(source, "-shared", "-fPIC").rename(self.folder / f"libzmalloc-{name}.so")
        return name


def sources():
    """The examples of all pages that are whole files of C."""
    for path in sorted((ROOT / "docs/man").glob("*.scd")):
        page = scdoc.Page(path)
        yield from (each for each in page.literal_blocks("EXAMPLES") if each.startswith("#include"))


def is_module(source):
    return "struct zmalloc_backend zmalloc_backend_module =" in source


def brings_backend(source):
    """Such a program makes the choice itself, and the variable would come before it."""
    return "zmalloc_register_backend(" in source


def check(examples, backends, tests):
    found = list(sources())
    modules = [examples.module(source) for source in found if is_module(source)]
    programs = [source for source in found if not is_module(source)]
    if not modules or not programs:
        sys.exit("the pages have no examples")

    path = {"LD_LIBRARY_PATH": str(examples.folder)}
    for source in programs:
        program = examples.program(source)
        for backend in [""] if brings_backend(source) else backends + modules:
            print(run([program], ZMALLOC_BACKEND=backend, **path), end="")
    for module in modules:
        for test in tests:
            run([test], ZMALLOC_BACKEND=module, ZMALLOC_UNDER_TEST=module, **path)
            print(f"{module} passes {Path(test).name}")


def argument_parser():
    """Of everything that compiles examples and runs them on each backend."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", required=True, help="the folder of libzmalloc.so")
    parser.add_argument("--backends", required=True, help="those that are built in")
    parser.add_argument("compiler", nargs="+")
    return parser


def main():
    parser = argument_parser()
    parser.add_argument("--test", action="append", help="a program that a backend has to pass")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="zmalloc-examples.") as folder:
        examples = Examples(Path(folder), arguments.library, arguments.compiler)
        check(examples, arguments.backends.split(), arguments.test)


if __name__ == "__main__":
    main()
