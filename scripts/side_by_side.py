#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs steps that do not depend on each other, a few at a time.

usage: side_by_side.py AT_ONCE COMMAND [ARGUMENT...] -- NAME...

Starts COMMAND NAME for each NAME, in this order, with AT_ONCE of them running at any time. Shows what
a step printed as a whole, also in this order, with the seconds it took and those of the processors.
If a step fails, the others are ended, what it printed comes last, and the status is 1.

No process is left behind. Those whose parent ends become children of this program, wherever they are
in the system's sessions and groups, and it ends all of its children before it ends itself. If it is
killed, the kernel tells the steps to end.
"""

import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
SECONDS_TO_CLEAN_UP = 10
PRCTL = ctypes.CDLL(None, use_errno=True).prctl


def end_with_parent():
    PRCTL(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class Step:
    def __init__(self, command, name):
        self.name = name
        self.output = tempfile.TemporaryFile()
        self.began = time.monotonic()
        self.pid = subprocess.Popen(
            [*command, name],
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_parent,
        ).pid
        self.status = None

    def end(self, status, usage):
        self.status = os.waitstatus_to_exitcode(status)
        self.seconds = time.monotonic() - self.began
        self.processor_seconds = usage.ru_utime + usage.ru_stime

    def show(self):
        self.output.seek(0)
        shutil.copyfileobj(self.output, sys.stdout.buffer)
        result = "took" if self.status == 0 else f"FAILED with status {self.status} after"
        print(
            f"{self.name} {result} {self.seconds:.0f} s"
            f" ({self.processor_seconds:.0f} s of the processors)",
            flush=True,
        )


def run(at_once, command, names):
    waiting = list(names)
    running = {}
    not_shown = []
    while waiting or running:
        while waiting and len(running) < at_once:
            step = Step(command, waiting.pop(0))
            running[step.pid] = step
            not_shown.append(step)
        pid, status, usage = os.wait4(-1, 0)
        if pid not in running:  # what a step left behind
            continue
        ended = running.pop(pid)
        ended.end(status, usage)
        if ended.status != 0:
            end_all_children()
            not_shown.remove(ended)
            not_shown = [step for step in not_shown if step.status == 0] + [ended]
        while not_shown and not_shown[0].status is not None:
            not_shown.pop(0).show()
        if ended.status != 0:
            return 1
    return 0


def descendants():
    parents = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:  # it has just ended
            continue
        parents[int(folder.name)] = int(text.rpartition(")")[2].split()[1])
    found = {os.getpid()}
    while True:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        if not more:
            return found - {os.getpid()}
        found |= more


def end_all_children():
    """First they may clean up; what is still there then is killed."""
    kill(descendants(), signal.SIGTERM)
    deadline = time.monotonic() + SECONDS_TO_CLEAN_UP
    try:
        while True:
            if os.waitpid(-1, os.WNOHANG) != (0, 0):
                continue
            if time.monotonic() > deadline:
                kill(descendants(), signal.SIGKILL)
            time.sleep(0.05)
    except ChildProcessError:
        pass


def kill(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def main(arguments):
    if "--" not in arguments[2:] or not arguments[0].isdigit() or int(arguments[0]) < 1:
        print("usage: side_by_side.py AT_ONCE COMMAND [ARGUMENT...] -- NAME...", file=sys.stderr)
        return 2
    separator = arguments.index("--", 2)
    PRCTL(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    end_with_parent()
    signals = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    for number in signals:
        signal.signal(number, lambda *_: sys.exit(130))
    try:
        return run(int(arguments[0]), arguments[1:separator], arguments[separator + 1 :])
    finally:
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        end_all_children()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
