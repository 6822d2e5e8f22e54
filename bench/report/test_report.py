# SPDX-License-Identifier: BSD-3-Clause
"""The arithmetic of the report, on made-up runs (fixture.py)."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

import condensed
import preloaded
import sampled
import tables
from fixture import change, write_preloaded, write_run, write_sampled
from runs import ReportError, read_run
from summary import Summary, geometric_mean, summarize
from targets import Check, all_checks, libc_prefix

CHURN = "churn/threads:1"


class Case(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def run_folder(self, **given: Any) -> Path:
        return write_run(self.folder / f"run-{len(list(self.folder.iterdir()))}", **given)

    def summary(self, *folders: Path) -> Summary:
        return summarize([read_run(folder) for folder in folders or (self.run_folder(),)])

    def assert_refused(self, message: str, *folders: Path) -> None:
        with self.assertRaisesRegex(ReportError, message):
            self.summary(*folders)


class Times(Case):
    def test_minimum_and_median_of_repetitions(self) -> None:
        times = {CHURN: ([12.0, 10.0, 11.0], [30.0, 12.0, 13.0], 20.0, 15.0)}
        row = self.summary(self.run_folder(times=times)).row("jemalloc", CHURN)
        self.assertEqual((row.ns_min["raw"], row.ns_median["raw"]), (10, 11))
        self.assertEqual((row.ns_min["zmalloc"], row.ns_median["zmalloc"]), (12, 13))
        self.assertAlmostEqual(row.to_raw_min or 0, 12 / 10)
        self.assertAlmostEqual(row.to_raw_median or 0, 13 / 11)

    def test_ratios_are_formed_within_runs(self) -> None:
        # A machine with three speeds. Ratios are 1.2, 1.1 and 1.4; that of the median times is 1.1.
        times = ((10.0, 12.0, 24.0, 36.0), (20.0, 22.0, 88.0, 22.0), (50.0, 70.0, 70.0, 140.0))
        row = self.summary(*(self.run_folder(times={CHURN: run}) for run in times)).row(
            "jemalloc", CHURN
        )
        self.assertAlmostEqual(row.to_raw_min or 0, 1.2)
        self.assertEqual(row.ns_min["zmalloc"], 22)
        self.assertAlmostEqual(row.against["redis-style"], 2)
        self.assertAlmostEqual(row.against["valkey-style"], 2)

    def test_what_reads_used_memory_has_no_raw(self) -> None:
        row = self.summary().row("jemalloc", "used_memory/64")
        self.assertIsNone(row.to_raw_min)
        self.assertNotIn("raw", row.ns_min)

    def test_units_and_aggregates(self) -> None:
        def edit(found: Any) -> None:
            first = found["benchmarks"][0]
            first.update(cpu_time=0.01, time_unit="us")
            found["benchmarks"].append({**first, "run_type": "aggregate", "cpu_time": 0.001})

        folder = self.run_folder()
        change(folder / "bench-jemalloc.json", edit)
        self.assertAlmostEqual(self.summary(folder).row("jemalloc", CHURN).ns_min["raw"], 10)

    def test_rows_of_a_kind_stand_together(self) -> None:
        workloads = self.summary().workloads()
        self.assertEqual(workloads[:4], [CHURN, "churn/threads:2", "churn/threads:16", "pair"])

    def test_what_is_added_is_formed_within_runs(self) -> None:
        repeated: tuple[Any, ...] = ([10.0, 11.0], [12.0, 14.0])
        times = (repeated, (50.0, 51.0), (5.0, 9.0))
        folders = [self.run_folder(times={"pair_zone": run}) for run in times]
        added = next(
            added
            for added in self.summary(*folders).added
            if (added.backend, added.workload) == ("jemalloc", "pair_zone")
        )
        self.assertEqual((added.without_ns, added.with_ns), (10, 12))
        self.assertEqual((added.more_min, added.more_median), (2, 2.5))
        self.assertAlmostEqual(added.ratio_min, 12 / 10)
        self.assertAlmostEqual(added.ratio_median, 13 / 10.5)

    def test_geometric_mean(self) -> None:
        self.assertAlmostEqual(geometric_mean([2.0, 8.0]), 4)


class Targets(Case):
    def checks(self, **given: Any) -> list[Check]:
        return all_checks(self.summary(self.run_folder(**given)))

    def check(self, what: str, target: str, **given: Any) -> Check:
        found = [check for check in self.checks(**given) if what in check.what]
        return next(check for check in reversed(found) if check.target.startswith(target))

    def churn_check(self, target: str, times: tuple[float, ...], workload: str = CHURN) -> Check:
        return self.check(workload, target, times={workload: times})

    def test_all_met(self) -> None:
        checks = self.checks()
        self.assertEqual([check for check in checks if not check.met], [])
        # Each backend has 2 for raw, 4 for either, 1 for 16 threads, 4 for used memory, 2 for
        # zones, 4 for limits, 3 for objects. jemalloc has 2 more for Redis. There are 2 for start-up.
        self.assertEqual(len(checks), 2 * (2 + 4 + 1 + 4 + 2 + 4 + 3) + 2 + 2)

    def test_ratio_to_raw(self) -> None:
        self.assertTrue(self.churn_check("raw", (10.0, 11.0, 20.0, 15.0)).met)
        self.assertFalse(self.churn_check("raw", (10.0, 11.01, 20.0, 15.0)).met)

    def test_against_redis(self) -> None:
        self.assertTrue(self.churn_check("redis", (10.0, 10.0, 13.0, 15.0)).met)
        self.assertFalse(self.churn_check("redis", (10.0, 10.0, 12.9, 15.0)).met)

    def test_three_percent_slower_than_either(self) -> None:
        self.assertTrue(self.churn_check("either", (10.0, 100.0, 97.0, 200.0), "pair").met)
        self.assertFalse(self.churn_check("either", (10.0, 100.0, 200.0, 96.9), "pair").met)

    def test_many_threads(self) -> None:
        many = "churn/threads:16"
        self.assertTrue(self.churn_check("2 threads", (9.0, 11.55, 44.0, 33.0), many).met)
        self.assertFalse(self.churn_check("2 threads", (9.0, 11.56, 44.0, 33.0), many).met)

    def test_used_memory(self) -> None:
        for threads, most in ((1, 10.0), (16, 80.0), (64, 250.0), (256, 1000.0)):
            workload = f"used_memory/{threads}"
            for time, expected in ((most, True), (most + 0.1, False)):
                times = {workload: (None, time, 1.0, 1.0)}
                checks = [check for check in self.checks(times=times) if check.what == workload]
                self.assertEqual([check.met for check in checks], [True, expected])

    def test_zone(self) -> None:
        for time, expected in ((12.0, True), (12.1, False)):
            times = {"pair_zone": (6.0, time)}
            self.assertIs(self.check("pair_zone, zone", "6.00 ns more", times=times).met, expected)

    def test_limits(self) -> None:
        times = {"churn_limit/threads:2": (100.0, 103.0, 103.1)}
        for subject, expected in (("far-limit", True), ("near-limit", False)):
            what = f"churn_limit/threads:2, {subject}"
            self.assertIs(self.check(what, "without<=1.03", times=times).met, expected)

    def test_prefix_of_libc(self) -> None:
        self.assertEqual([libc_prefix(size) for size in ("8", "16", "24", "mix")], [0, 16, 16, 16])
        for found, expected in ((97.9, True), (98.0, False), (90.0, True)):
            libc = {"8": 32.0, "64": found, "mix": 300.0}
            self.assertIs(self.check("object of 64", "raw+16", libc=libc).met, expected)

    def test_other_objects_cost_what_they_cost_raw(self) -> None:
        for found, expected in ((81.5, True), (81.7, False), (78.5, True), (78.3, False)):
            folder = self.run_folder()
            change(
                folder / "footprint-jemalloc.json",
                lambda footprint: footprint["objects"][4].update(bytes=found),
            )
            checks = all_checks(self.summary(folder))
            met = [check.met for check in checks if check.what == "bytes per object of 64"]
            self.assertEqual(met, [True, expected])

    def test_startup(self) -> None:
        for more, expected in ((0.49, True), (0.51, False)):
            wall = {"empty": 0.5, "empty-used-libc": 0.5 + more}
            self.assertIs(self.check("start-up, ms", "0.5", wall=wall).met, expected)
        wall = {"empty": 0.5, "empty-used-libc": 0.5 + 1.025}
        self.assertFalse(self.check("start-up, KiB", "1024", wall=wall).met)

    def test_from_source_the_target_is_closer(self) -> None:
        folder = self.run_folder(times={CHURN: (10.0, 10.8, 20.0, 15.0)})
        self.assertNotIn(f"jemalloc  {CHURN}:", tables.report(self.summary(folder)))
        change(
            folder / "machine.json",
            lambda found: found["settings"].update(allocators="from source"),
        )
        text = tables.report(self.summary(folder))
        self.assertIn(f"jemalloc  {CHURN}: 1.080, target raw<=1.06", text)

    def test_verdict_names_what_is_not_met(self) -> None:
        folder = self.run_folder(times={CHURN: (10.0, 11.5, 20.0, 15.0)})
        text = tables.report(self.summary(folder))
        self.assertIn("43 of 44 targets are met.\nNot met:\n", text)
        self.assertIn("jemalloc  churn/threads:1: 1.150, target raw<=1.10", text)
        self.assertIn("Not measured: tcmalloc: tcmalloc is not there", text)


class Missing(Case):
    def test_subject(self) -> None:
        folder = self.run_folder(times={"pair": (5.0, 6.0, None, 8.0)})
        self.assert_refused("bench-jemalloc.json: pair: redis-style is missing", folder)

    def test_raw_subject(self) -> None:
        folder = self.run_folder(times={"churn/threads:2": (None, 6.0, 7.0, 8.0)})
        self.assert_refused("threads-jemalloc.json: churn/threads:2: raw is missing", folder)

    def test_workload_of_one_backend(self) -> None:
        folder = self.run_folder(times={"pair": (None, None, None, None)})
        self.assert_refused("jemalloc: pair is missing", folder)

    def test_workload_with_a_target(self) -> None:
        def edit(found: Any) -> None:
            found["benchmarks"] = [
                entry for entry in found["benchmarks"] if entry["run_name"].endswith("threads:16")
            ]

        folder = self.run_folder()
        for backend in ("libc", "jemalloc"):
            change(folder / f"threads-{backend}.json", edit)
        with self.assertRaisesRegex(ReportError, "libc: churn/threads:2 is missing"):
            all_checks(self.summary(folder))

    def test_subject_with_a_limit(self) -> None:
        folder = self.run_folder(times={"churn_limit/threads:1": (10.0, 10.0, None)})
        message = "added-jemalloc.json: churn_limit/threads:1: near-limit is missing"
        self.assert_refused(message, folder)

    def test_zones(self) -> None:
        def edit(found: Any) -> None:
            found["benchmarks"] = [
                entry for entry in found["benchmarks"] if "pair_zone" not in entry["run_name"]
            ]

        folder = self.run_folder()
        for backend in ("libc", "jemalloc"):
            change(folder / f"added-{backend}.json", edit)
        with self.assertRaisesRegex(ReportError, "libc: pair_zone is missing"):
            all_checks(self.summary(folder))

    def test_files(self) -> None:
        names = (
            "bench-libc threads-jemalloc reading-64-libc added-libc footprint-libc startup machine"
            " hyperfine-empty"
        )
        for name in names.split():
            folder = self.run_folder()
            (folder / f"{name}.json").unlink()
            self.assert_refused(f"{name}.json: No such file", folder)

    def test_backend_that_was_neither_measured_nor_skipped(self) -> None:
        folder = self.run_folder()
        (folder / "mimalloc.skipped").unlink()
        self.assert_refused("bench-mimalloc.json: No such file", folder)

    def test_object(self) -> None:
        folder = self.run_folder()
        change(folder / "footprint-libc.json", lambda found: found["objects"].pop())
        self.assert_refused("footprint-libc.json: objects of mix: zmalloc is missing", folder)

    def test_program_without_zmalloc(self) -> None:
        folder = self.run_folder(wall={"empty-used-libc": 1.0})
        self.assert_refused("startup.json: empty is missing", folder)

    def test_not_json(self) -> None:
        folder = self.run_folder()
        (folder / "machine.json").write_text("{", encoding="utf-8")
        self.assert_refused("machine.json: not JSON", folder)

    def test_benchmark_that_failed(self) -> None:
        folder = self.run_folder()
        change(
            folder / "bench-libc.json",
            lambda found: found["benchmarks"][0].update(
                error_occurred=True, error_message="no luck"
            ),
        )
        self.assert_refused("bench-libc.json: churn/raw/threads:1: no luck", folder)

    def test_runs_of_different_machines(self) -> None:
        folders = self.run_folder(), self.run_folder()
        change(folders[1] / "machine.json", lambda found: found.update(date="later", cpu="other"))
        self.assert_refused('"cpu" of machine.json differs', *folders)


class Data(Case):
    def test_condensed(self) -> None:
        condensed.write(self.summary(), self.folder)
        found = json.loads((self.folder / "results.json").read_text(encoding="utf-8"))
        self.assertEqual(found["runs"], 1)
        self.assertIn(
            {
                "backend": "jemalloc",
                "workload": "pair",
                "subject": "zmalloc",
                "ns_min": 6.0,
                "ns_median": 6.0,
            },
            found["results"],
        )
        zone = next(entry for entry in found["added"] if entry["workload"] == "churn_zone")
        self.assertEqual((zone["subject"], zone["more_ns_min"]), ("zone", 2.5))

    def test_charts(self) -> None:
        condensed.write(self.summary(), self.folder)
        churn = (self.folder / "churn.dat").read_text(encoding="utf-8")
        self.assertEqual(
            churn,
            "backend raw zmalloc redis-style valkey-style\n"
            "libc 10 10.5 20 15\n"
            "jemalloc 10 10.5 20 15\n",
        )
        used = (self.folder / "used_memory.dat").read_text(encoding="utf-8").splitlines()
        self.assertEqual(used[0], "threads libc jemalloc")
        self.assertEqual(used[-1], "256 900 900")


class Preloaded(Case):
    def lines(self, **given: Any) -> dict[str, list[str]]:
        text = preloaded.report(write_preloaded(self.folder / "preloaded", **given))
        backends = ("libc", "native", "jemalloc")
        return {line.split()[0]: line.split() for line in text.split("\n") if line.startswith(backends)}

    def test_each_is_beside_its_own(self) -> None:
        lines = self.lines(churn=([10.0, 11.0], [12.0, 15.0]))
        self.assertEqual(
            lines["jemalloc"],
            "jemalloc 10.00 12.00 +2.00 (+3.00) yes 300 (290-310) 303 (290-310) 1.010 yes +2.00 -".split(),
        )
        self.assertEqual(lines["native"][6:12], "200 (190-210) 303 (290-310) 1.515 NO".split())
        self.assertEqual(lines["libc"][6:], "- - - - +0.50 yes".split())

    def test_targets_that_are_not_met(self) -> None:
        lines = self.lines(churn=([10.0], [13.1]), start=1.6)
        self.assertEqual(lines["libc"][5], "NO")
        self.assertEqual(lines["libc"][-2:], ["+1.10", "NO"])

    def test_what_was_not_measured(self) -> None:
        with self.assertRaisesRegex(ReportError, "not both"):
            self.lines(churn=([10.0], []))


class Sampled(Case):
    def lines(self, **given: Any) -> list[list[str]]:
        text = sampled.report(write_sampled(self.folder / "sampled", **given))
        names = ("jemalloc ", "tcmalloc ", *sampled.PROFILERS)
        return [line.split() for line in text.split("\n") if line.startswith(names)]

    def test_each_is_beside_itself_without_samples(self) -> None:
        lines = self.lines(churn=([10.0, 12.0], [10.1, 13.0], [11.0, 15.0]))
        self.assertEqual(
            lines[0],
            "jemalloc 10.00 1.010 (1.050) yes 1.100 (1.182) 400 1.010 yes yes 1.050 +1.25 (of 64) yes".split(),
        )
        self.assertEqual(lines[2], "zmalloc on jemalloc 10.00 10.50 1.050 400 (390-410) 404 (400-410) 1.010 +1.50".split())
        self.assertEqual(lines[3], "jemalloc's own 10.00 14.00 1.400 400 (390-410) 440 (430-450) 1.100 -1.00".split())
        self.assertEqual(lines[5], "gperftools' own 8.00 8.80 1.100 400 (390-410) 500 (490-510) 1.250 +10.00".split())

    def test_targets_that_are_not_met(self) -> None:
        lines = self.lines(churn=([10.0], [10.21], [11.0]), bytes_sampled=82.5)
        self.assertEqual(lines[0][4], "NO")
        self.assertEqual(lines[0][-4:], ["+3.12", "(of", "64)", "NO"])

    def test_what_was_not_measured(self) -> None:
        with self.assertRaisesRegex(ReportError, "not all"):
            self.lines(churn=([10.0], [], [11.0]))


if __name__ == "__main__":
    unittest.main()
