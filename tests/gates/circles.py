#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""No circle among the files of the library, nor among those of the command: each file can be read
after those that it needs. Looks at the symbols of the objects in a build, and first at a circle that
it plants itself, which it has to find. Then it compares the library's files with the table in
docs/design.md, from top to bottom."""

import collections
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

USAGE = "circles.py BUILD"

# Where Meson puts the objects of a target. Most files of the library are compiled twice, and some
# exist in only one of its two forms.
PARTS = {
    "the shared library": ["libzmalloc-core.a.p", "libzmalloc.so*.p", "libzmalloc-*.so.p"],
    "the archive": ["libzmalloc.a.p"],
    "the command": ["tools/zmalloc.p"],
}


ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE_HEAD = "| files | what they do | need |\n"


class Graph:
    """Who needs whom: needs[file][other] is the symbols."""

    def __init__(self, objects):
        self.defined_in = {}
        self.needs = collections.defaultdict(lambda: collections.defaultdict(set))
        wanted = collections.defaultdict(set)
        for path in objects:
            self.read(path, wanted)
        for file, symbols in wanted.items():
            for symbol in symbols:
                other = self.defined_in.get(symbol, file)
                if other != file:
                    self.needs[file][other].add(symbol)

    def read(self, path, wanted):
        file = path.name.removesuffix(".o")
        listing = subprocess.run(
            ["nm", "--extern-only", "--format=posix", path], check=True, capture_output=True, text=True
        ).stdout
        for line in listing.splitlines():
            symbol, kind = line.split()[:2]
            if kind in "Uvw":
                wanted[file].add(symbol)
            else:
                self.defined_in[symbol] = file

    def way(self, start, end):
        """The shortest way, as a list of files; None if there is none."""
        came_from = {start: None}
        waiting = collections.deque([start])
        while waiting:
            file = waiting.popleft()
            for other in sorted(self.needs[file]):
                if other == end:
                    return self.steps(came_from, file) + [end]
                if other not in came_from:
                    came_from[other] = file
                    waiting.append(other)
        return None

    @staticmethod
    def steps(came_from, file):
        steps = []
        while file is not None:
            steps.insert(0, file)
            file = came_from[file]
        return steps

    def circles(self):
        """One through each file that is in any, the same one only once."""
        found = {}
        for file in sorted(self.needs):
            way = self.way(file, file)
            if way is not None:
                found.setdefault(frozenset(way), way)
        return list(found.values())

    def describe(self, circle):
        text = circle[0]
        for file, other in zip(circle, circle[1:]):
            text += f" -> {other} ({', '.join(sorted(self.needs[file][other]))})"
        return text


def finds_a_planted_one():
    compiler = shlex.split(os.environ.get("CC", "cc"))
    with tempfile.TemporaryDirectory() as folder:
        objects = []
        for name, other in (("first", "second"), ("second", "third"), ("third", "first")):
            path = pathlib.Path(folder) / f"{name}.c"
            path.write_text(f"int {other}(void);\nint {name}(void) {{ return {other}(); }}\n")
            objects.append(path.with_suffix(".c.o"))
            subprocess.run([*compiler, "-c", path, "-o", objects[-1]], check=True)
        graph = Graph(objects)
        planted = "first.c -> second.c (second) -> third.c (third) -> first.c (first)"
        return [graph.describe(circle) for circle in graph.circles()] == [planted]


class Table:
    """The rows of docs/design.md: files and folders, which are of src/ unless they are elsewhere."""

    def __init__(self):
        lines = (ROOT / "docs/design.md").read_text().split(TABLE_HEAD)[1].splitlines()[1:]
        self.rows = []
        for line in lines[: lines.index("")]:
            names = re.findall("`([^`]*)`", line.split("|")[1])
            self.rows.append([self.name_in_build(name) for name in names])

    @staticmethod
    def name_in_build(name):
        """Meson puts the whole path into the name of an object."""
        is_elsewhere = name.startswith(("backends/", "layers/"))
        return (name if is_elsewhere else f"src/{name}").replace("/", "_")

    def row_of(self, file):
        """A file's own name counts before its folder's."""
        fits = [
            (len(name), number)
            for number, row in enumerate(self.rows)
            for name in row
            if file == name or (name.endswith("_") and file.startswith(name))
        ]
        return max(fits)[1] if fits else None

    def mistakes(self, graph):
        for file in sorted(set(graph.defined_in.values()) | set(graph.needs)):
            row = self.row_of(file)
            if row is None:
                yield f"{file} is in no row"
                continue
            for other, symbols in sorted(graph.needs[file].items()):
                below = self.row_of(other)
                if below is not None and below < row:
                    yield f"{file} needs {other} ({', '.join(sorted(symbols))}), which is above it"


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {USAGE}")
    if not finds_a_planted_one():
        sys.exit("circles: it does not find the circle that it has planted")
    build = pathlib.Path(sys.argv[1])
    failed = False
    seen = 0
    for part, patterns in PARTS.items():
        objects = [path for pattern in patterns for path in sorted(build.glob(pattern + "/*.o"))]
        graph = Graph(objects)
        for circle in graph.circles():
            failed = True
            print(f"a circle in {part}: {graph.describe(circle)}")
        if part != "the command":
            for mistake in Table().mistakes(graph):
                failed = True
                print(f"the table in docs/design.md, {part}: {mistake}")
        needs = sum(map(len, graph.needs.values()))
        print(f"{part}: {len(objects)} files, {needs} times one needs another")
        seen += len(objects)
    if seen == 0:
        sys.exit(f"circles: no objects in {build}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
