#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Looks at what a thread executes of ours for its blocks, from callgrind's addresses: nothing there
may be locked. A locked addition is one instruction, as a plain one is, and no count shows it."""

import collections
import pathlib
import re
import shutil
import subprocess

import callgrind

USAGE = "usual_path.py PROGRAM BUILT_WITH BACKEND..."

OPERATIONS = 2000

# What these call, and nothing else, where the compiler may be held to it. The unusual allocation comes
# when the budget is used up.
CALLS = {
    "native": {
        "core_zmalloc": {"malloc", "malloc_usable_size", "core_alloc_unusual"},
        "core_zfree": {"malloc_usable_size", "free"},
    },
    "jemalloc": {
        "core_zmalloc": {"zm_je_malloc", "core_alloc_unusual"},
        "core_zfree": {"zm_je_free"},
    },
}

# What these leave to the functions they call.
SAVE_NO_REGISTER = {"jemalloc": {"core_zfree"}}

# What happens once for every MiB, when the sum is looked at. Readers of jemalloc's counters count
# themselves.
AT_A_LOOK = ("zm_accounting_sum", "zm_peak_saw", "zm_raise", "zm_look")

# xchg with memory is locked without saying so.
LOCKED = re.compile(r"lock\b|xchg\b.*\(|xchg\b.*%fs:")


# Functions of allocators that are built into the library or a module.
THEIRS = ("zm_je_", "je_", "mi_", "_mi_", "tc_", "tcmalloc_", "tcmalloc::", "(anonymous namespace)::")


def is_ours(function):
    library = pathlib.Path(function.object).name.startswith("libzmalloc")
    return library and not function.name.startswith(THEIRS)


def our_functions(records):
    """What the program reaches without passing through an allocator."""
    program = next(each.function.object for each in records if each.function.name == "measure")
    calls = collections.defaultdict(set)
    left = set()
    reached = set()
    for record in records:
        if record.callee is not None and is_ours(record.callee):
            calls[record.function].add(record.callee)
            if record.function.object == program:
                left.add(record.callee)
    while left:
        function = left.pop()
        reached.add(function)
        left |= calls[function] - reached
    return reached


def disassemble(path):
    """The text of each instruction of an object by its address."""
    command = ["objdump", "--disassemble", "--no-show-raw-insn", path]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {
        int(address, 16): instruction
        for address, instruction in re.findall(r"^ *([0-9a-f]+):\t(.*)$", text, re.MULTILINE)
    }


def executed(records, functions, objects):
    """Each function and text of an instruction that was executed. Objects are disassembled once."""
    for record in records:
        if record.function in functions and record.callee is None:
            path = record.function.object
            if path not in objects:
                objects[path] = disassemble(path)
            yield record.function.name, objects[path][record.address]


def complaints(backend, instructions, calls):
    """What is wrong with instructions, (function, text), and calls, (function, callee)."""
    for name, text in instructions:
        if LOCKED.match(text) and name not in AT_A_LOOK:
            yield f"{name} executes: {text}"
        if name in SAVE_NO_REGISTER.get(backend, ()) and text.startswith("push"):
            yield f"{name} saves a register: {text}"
    for name, callee in calls:
        if callee not in CALLS.get(backend, {}).get(name, {callee}):
            yield f"{name} calls {callee}"


def look_at(program, backend, objects):
    """Prints the functions and what is wrong with them; returns whether something is."""
    _, records = callgrind.run(program, backend, "zmalloc", OPERATIONS)
    functions = our_functions(records)
    names = {function.name for function in functions}
    if not {"core_zmalloc", "core_zfree"} <= names:
        raise callgrind.Skip("no core_zmalloc and core_zfree: the library is stripped")
    instructions = set(executed(records, functions, objects))
    calls = {
        (record.function.name, record.callee.name)
        for record in records
        if record.function in functions and record.callee is not None
    }
    print(f"{backend}: {len(instructions)} different instructions in {' '.join(sorted(names))}")
    found = sorted(complaints(backend, instructions, calls))
    for complaint in found:
        print(f"{backend}: WRONG: {complaint}")
    return bool(found)


def check(program, built_with, *backends):
    """Returns the exit status."""
    if "x86_64" not in built_with:
        raise callgrind.Skip("knows locked instructions of x86-64 only")
    if shutil.which("objdump") is None:
        raise callgrind.Skip("no objdump")
    objects = {}
    wrong = [backend for backend in backends if look_at(program, backend, objects)]
    return 1 if wrong else 0


if __name__ == "__main__":
    callgrind.main(check, USAGE)
