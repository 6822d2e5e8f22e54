# SPDX-License-Identifier: BSD-3-Clause
"""What programs make of the statistics of the backend in ZMALLOC_BACKEND: JSON that keeps to its
schema, the format of Prometheus as a strict reader takes it, and the same figures in both."""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

import jsonschema

PROGRAM = ""
# What starts it where it is for another machine.
WRAPPER = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
SCHEMA = {}


def run(*words, stats=""):
    """What tests/support/chosen.c prints when it does those words."""
    done = subprocess.run([*WRAPPER, PROGRAM, *words], env={**os.environ, "ZMALLOC_STATS": stats},
                          capture_output=True, check=True)
    return done.stdout.decode(), done.stderr.decode()


def read_json(text):
    """One object, without a number that JSON does not know, and without a member twice."""
    def refuse(constant):
        raise ValueError(f"{constant} is no JSON")

    def unique(pairs):
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError(f"a member stands twice: {pairs}")
        return dict(pairs)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=unique)


# ---- The text exposition format, version 0.0.4 ----

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? ([0-9]+(?:\.[0-9]+)?)")
UNITS = ("_bytes", "_ratio", "_total", "zmalloc_threads", "zmalloc_info")


def read_family(lines):
    """HELP, TYPE and the sample of one metric, in this order."""
    help_of = re.fullmatch(rf"# HELP ({NAME}) ((?:[^\\\n]|\\\\|\\n)+)", next(lines))
    name = help_of[1]
    type_of = re.fullmatch(r"# TYPE (\S+) (counter|gauge)", next(lines))
    sample = SAMPLE.fullmatch(next(lines))
    if type_of[1] != name or sample[1] != name:
        raise ValueError(f"lines of {name} are of something else")
    if (type_of[2] == "counter") != name.endswith("_total"):
        raise ValueError(f"{name} is a {type_of[2]}")
    if not name.startswith("zmalloc_") or not name.endswith(UNITS):
        raise ValueError(f"{name} has no unit")
    labels = re.findall(LABEL, sample[2] or "")
    if len(dict(labels)) != len(labels):
        raise ValueError(f"a label stands twice: {labels}")
    unescaped = {label: re.sub(r"\\(.)", lambda at: {"n": "\n"}.get(at[1], at[1]), value)
                 for label, value in labels}
    return name, unescaped, float(sample[len(sample.groups())])


def read_prometheus(text):
    """The metrics of a text: labels and value of each."""
    if not text.endswith("\n"):
        raise ValueError("the last line has no end")
    lines = text.split("\n")[:-1]
    metrics = {}
    at = iter(lines)
    for _ in range(len(lines) // 3):
        name, labels, value = read_family(at)
        if name in metrics:
            raise ValueError(f"{name} stands twice")
        metrics[name] = (labels, value)
    if len(lines) % 3 != 0:
        raise ValueError(f"left over: {list(at)}")
    return metrics


# ---- The tests ----

METRICS = {
    "zmalloc_used_bytes": ("memory", "used_bytes"),
    "zmalloc_peak_bytes": ("memory", "peak_bytes"),
    "zmalloc_external_bytes": ("memory", "external_bytes"),
    "zmalloc_limit_bytes": ("memory", "limit_bytes"),
    "zmalloc_soft_limit_bytes": ("memory", "soft_limit_bytes"),
    "zmalloc_refused_requests_total": ("memory", "refused_requests"),
    "zmalloc_threads": ("threads", "live"),
    "zmalloc_allocator_allocated_bytes": ("allocator", "allocated_bytes"),
    "zmalloc_allocator_active_bytes": ("allocator", "active_bytes"),
    "zmalloc_allocator_resident_bytes": ("allocator", "resident_bytes"),
    "zmalloc_allocator_retained_bytes": ("allocator", "retained_bytes"),
    "zmalloc_allocator_muzzy_bytes": ("allocator", "muzzy_bytes"),
    "zmalloc_process_resident_bytes": ("process", "rss_bytes"),
    "zmalloc_process_private_dirty_bytes": ("process", "private_dirty_bytes"),
    "zmalloc_process_minor_faults_total": ("process", "minor_faults"),
    "zmalloc_process_major_faults_total": ("process", "major_faults"),
    "zmalloc_allocator_fragmentation_ratio": ("ratios", "allocator_fragmentation"),
    "zmalloc_rss_overhead_ratio": ("ratios", "rss_overhead"),
    "zmalloc_machine_memory_bytes": ("machine", "memory_bytes"),
    "zmalloc_memory_limit_bytes": ("machine", "limit_bytes"),
    "zmalloc_memory_high_bytes": ("machine", "high_bytes"),
}
# Nothing happens between two reports of one process but that it writes the first.
STEADY = [name for name in METRICS if "_process_" not in name and "overhead" not in name
          and not name.startswith("zmalloc_allocator")]


class Json(unittest.TestCase):
    def assert_valid(self, record):
        jsonschema.Draft202012Validator(SCHEMA).validate(record)

    def test_schema_is_one(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_each_state_of_a_process(self):
        for words in ([], ["hold", "1"], ["hold", "100000000"], ["race"], ["fork"]):
            out, _ = run("alloc", *words, "report", "json")
            self.assert_valid(read_json(out[out.index("{"):]))

    def test_members_are_in_the_order_of_the_schema(self):
        record = read_json(run("report", "json")[0])
        self.assertEqual(list(record), SCHEMA["required"])
        for name, part in SCHEMA["properties"].items():
            if "properties" in part:
                self.assertEqual(list(record[name]), part["required"])
                self.assertEqual(part["required"], list(part["properties"]))

    def test_schema_refuses_what_is_wrong(self):
        good = read_json(run("report", "json")[0])
        wrong = [dict(good, schema=2), dict(good, pid=0), dict(good, pid=None),
                 dict(good, more=1), dict(good, memory={"used_bytes": 1}),
                 dict(good, memory=dict(good["memory"], used_bytes=1.5)),
                 dict(good, memory=dict(good["memory"], used_bytes=-1)),
                 dict(good, zones=[{"name": "a"}]),
                 dict(good, choice={"by": "chance", "value": "libc"}),
                 dict(good, threads={"live": None}), dict(good, ratios=None)]
        wrong += [{name: good[name] for name in good if name != left_out} for left_out in good]
        for record in wrong:
            with self.assertRaises(jsonschema.ValidationError):
                self.assert_valid(record)

    def test_a_file_is_json_lines(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "records")
            for _ in range(2):
                run("alloc", "fork", "alloc", stats=f"json:{path}")
            with open(path, encoding="utf-8") as file:
                records = [read_json(line) for line in file]
        self.assertEqual(len(records), 4)
        self.assertEqual(len({record["pid"] for record in records}), 4)
        for record in records:
            self.assert_valid(record)


class Prometheus(unittest.TestCase):
    def test_metrics_are_those_of_json(self):
        out, _ = run("hold", "3000000", "report", "json", "report", "prometheus")
        record = read_json(out.split("\n")[0])
        metrics = read_prometheus(out.split("\n", 1)[1][:-1])
        self.assertEqual(metrics.keys() - METRICS.keys(), {"zmalloc_info"})
        for name, (group, member) in METRICS.items():
            self.assertEqual(name in metrics, record[group][member] is not None, name)
        for name in STEADY:
            group, member = METRICS[name]
            if name in metrics:
                self.assertEqual(metrics[name], ({}, record[group][member]), name)

    def test_labels_are_those_of_json(self):
        out, _ = run("report", "json", "report", "prometheus")
        record = read_json(out.split("\n")[0])
        labels, value = read_prometheus(out.split("\n", 1)[1][:-1])["zmalloc_info"]
        backend = record["backend"]
        self.assertEqual(value, 1)
        self.assertEqual(labels, {
            "version": record["zmalloc"],
            "backend": backend["name"],
            "backend_version": backend["version"],
            "origin": backend["origin"],
            "counts_by_itself": "true" if backend["counts_by_itself"] else "false",
            "chosen_by": record["choice"]["by"],
            "choice": record["choice"]["value"],
            "pid": str(record["pid"]),
        })

    def test_the_reader_is_strict(self):
        good = run("report", "prometheus")[0][:-1]
        self.assertTrue(read_prometheus(good))
        for wrong in (good[:-1], good + "\n", good + good, good.replace("# TYPE", "# TIPE", 1),
                      good.replace(" gauge", " counter", 1), good.replace("} 1", "} x", 1),
                      good.replace("pid=", "pid= ", 1), good.replace("_bytes", "", 3)):
            with self.assertRaises((ValueError, TypeError, StopIteration)):
                read_prometheus(wrong)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as schema_file:
        SCHEMA = json.load(schema_file)
    PROGRAM = sys.argv[2]
    unittest.main(argv=sys.argv[:1])
