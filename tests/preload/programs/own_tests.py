# SPDX-License-Identifier: BSD-3-Clause
"""Python's own test files for json, threads and processes: which tests ran, and what each came to.

What they print besides goes into the file details. It differs from run to run: it has times, addresses
and the names of temporary files.

usage: own_tests.py short|whole
"""

import faulthandler
import os
import re
import signal
import sys
import unittest

FILES = ["test_json", "test_threading", "test_multiprocessing_fork"]

# Whole files take minutes. The short form has the tests that match one of these: they neither wait
# long nor start another python.
SHORT = {
    "test_json": [
        r"\.(Test(C|Py)|JSON)\w+\.(?!test_highly_nested_objects_encoding|test_unicode_decode)",
    ],
    "test_threading": [
        r"(Lock|Event|Condition|Semaphore|Timer)\w*Tests\.(?!.*timeout)",
        r"\.ThreadTests\.test_(various_ops|foreign|ident_of|enumerate|import|leak|no_ref|Bounded)",
        r"\.ThreadTests\.test_dummy_thread_after_fork",
        r"\.ThreadJoinOnShutdown\.test_(clear_threads|reinit_tls)",
    ],
    "test_multiprocessing_fork": [
        r"\.WithProcessesTest(Array|Value|SharedCTypes|Lock|Semaphore)\.",
        r"\.WithProcessesTestQueue\.(?!test_task_done)",
        r"\.WithProcessesTestPool\.test_(map|starmap|apply|imap)$",
        r"\.WithThreadsTestPool\.test_(map|starmap|apply)$",
        r"\.TestSimpleQueue\.",
    ],
}

# A test that hangs says where, and ends the run.
SECONDS = {"short": 240, "whole": 3600}


class Outcomes(unittest.TextTestResult):
    """What each test came to, by its name."""

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self.outcomes = {}

    def note(self, test, outcome):
        self.outcomes.setdefault(test.id(), []).append(outcome)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test, "ok")

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, "error")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, "failed")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.note(test, "failed")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, "skipped: " + reason)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.note(test, "failed as expected")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note(test, "succeeded unexpectedly")


def each_test(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from each_test(test)
        else:
            yield test


def is_chosen(form, file, test):
    return form == "whole" or any(re.search(name, test.id()) for name in SHORT[file])


def chosen_tests(form):
    suite = unittest.TestSuite()
    for file in FILES:
        everything = unittest.defaultTestLoader.loadTestsFromName("test." + file)
        chosen = [test for test in each_test(everything) if is_chosen(form, file, test)]
        if not chosen:
            raise SystemExit(file + " has none of the tests that are wanted here")
        suite.addTests(chosen)
    return suite


def run(form, out):
    runner = unittest.TextTestRunner(resultclass=Outcomes, verbosity=2)
    outcomes = runner.run(chosen_tests(form)).outcomes
    for name in sorted(outcomes):
        print(name + ": " + ", ".join(sorted(outcomes[name])), file=out)


def forget_the_report():
    """As if no report were wanted, here and in what the tests start.

    For the report zmalloc handles the signals that were left at their default. python takes over only
    signals that it finds there, and cannot restore a handler that is not its own, as its tests do.
    """
    os.environ.pop("ZMALLOC_STATS", None)
    for number in signal.valid_signals():
        if signal.getsignal(number) is None:
            is_interrupt = number == signal.SIGINT
            signal.signal(number, signal.default_int_handler if is_interrupt else signal.SIG_DFL)


def main():
    form = sys.argv.pop(1)
    if form not in SECONDS:
        raise SystemExit(__doc__)
    out = os.fdopen(os.dup(1), "w")
    details = os.open("details", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(details, 1)
    os.dup2(details, 2)
    forget_the_report()
    faulthandler.dump_traceback_later(SECONDS[form], exit=True)
    run(form, out)
    faulthandler.cancel_dump_traceback_later()
    out.flush()


if __name__ == "__main__":
    main()
