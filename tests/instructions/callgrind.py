# SPDX-License-Identifier: BSD-3-Clause
"""Runs the program under valgrind --tool=callgrind, and reads what that writes."""

import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

Function = collections.namedtuple("Function", "object name")

# The instructions that a function executed at an address of its object; with a callee, those that
# the callee and what it called executed for it.
Record = collections.namedtuple("Record", "function address callee instructions")

# Nothing else of the environment: MALLOC_PERTURB_, which Meson sets, changes the counts of libc.
KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "VALGRIND_LIB")

# The C library clears and copies memory in the same way on every processor.
TUNABLES = "glibc.cpu.hwcaps=-AVX2,-ERMS"


class Skip(Exception):
    """Why there is nothing to tell; Meson calls it skipped."""


def whole(name):
    """The function that a part (NAME.cold, NAME.lto_priv.0) or a recursion (NAME'2) belongs to."""
    return re.split(r"[.']", name, maxsplit=1)[0]


def records(lines):
    """The records of an output file that was written without compression and with addresses."""
    place = {}
    callee = None
    for line in lines:
        key, equals, value = line.partition("=")
        if key == "calls":
            callee = Function(place.pop("cob", place["ob"]), whole(place["cfn"]))
        elif equals:
            place[key] = value
        elif line.startswith("0x"):
            address, *_, instructions = line.split()
            function = Function(place["ob"], whole(place["fn"]))
            yield Record(function, int(address, 16), callee, int(instructions))
            callee = None


def command_line(program, subject, operations, written):
    return [
        "valgrind", "--tool=callgrind", "--quiet", "--vgdb=no",
        f"--callgrind-out-file={written}", "--toggle-collect=measure",
        "--dump-instr=yes", "--compress-strings=no", "--compress-pos=no",
        program, subject, str(operations),
    ]


def environment(backend):
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return {**kept, "ZMALLOC_BACKEND": backend, "GLIBC_TUNABLES": TUNABLES}


def execute(command, backend):
    """What the command prints."""
    if shutil.which(command[0]) is None:
        raise Skip(f"no {command[0]}")
    done = subprocess.run(
        command, env=environment(backend), capture_output=True, text=True, check=False
    )
    # valgrind 3.19 and DWARF 5 of clang.
    if "debuginfo reader: Possibly corrupted" in done.stderr:
        raise Skip("valgrind cannot read this compiler's debug information; build without")
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def run(program, backend, subject, operations):
    """The version of the backend, and the records of what measure() in the program did."""
    with tempfile.TemporaryDirectory() as folder:
        written = pathlib.Path(folder, "callgrind.out")
        version = execute(command_line(program, subject, operations, written), backend)
        found = list(records(written.read_text(encoding="utf-8").splitlines()))
    if not any(record.function.name == "measure" for record in found):
        raise Skip("nothing was counted: the program is stripped")
    return version, found


def main(check, usage):
    """Ends with the status that check() returns for the arguments; or says "--skip REASON"."""
    arguments = sys.argv[1:]
    try:
        if arguments[:1] == ["--skip"]:
            raise Skip(arguments[1])
        if len(arguments) < 3:
            sys.exit(f"usage: {usage}")
        sys.exit(check(*arguments))
    except Skip as reason:
        print(f"skipped: {reason}")
        sys.exit(77)
