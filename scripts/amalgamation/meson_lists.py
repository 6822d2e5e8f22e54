# SPDX-License-Identifier: BSD-3-Clause
"""Reads from the meson.build files which sources the library has.

For scripts/amalgamate.py. It reads the text, since a build that knows more would need the allocators
to be installed; what it does not understand is an error, and so is a source in src/ or layers/ that it
finds in no list.
"""

import dataclasses
import re

FILES = r"files\(([^)]*)\)"
NAMED = re.compile(rf"^ *(\w+) = {FILES}", re.MULTILINE)
QUOTED = re.compile(r"'([^']*)'")
ALTERNATIVE = re.compile(r"(\w+) \? '([^']+)' : '([^']+)'")
ROW = re.compile(r"^ *backends \+= \{'(\w+)': ", re.MULTILINE)
BUILT = re.compile(r"'kind': (?!'off')")
SOURCES = re.compile(r"'(?:static_)?sources': (\[[^\]]*\]|[^\n]*)")
SETTING = re.compile(r"^ *config\.set(?:_quoted|10)?\('(\w+)'", re.MULTILINE)
VERSION = re.compile(r"^project\([^)]*?version: '([^']+)'", re.MULTILINE)
# Not of the library that one links: archives of other names, and modules.
ELSEWHERE = "src/compat/"


class Unclear(Exception):
    """A meson.build file is not as it was when this was written."""


@dataclasses.dataclass
class Lists:
    version: str
    sources: list  # of the static library, without backends
    alternatives: list  # (finding, path): one of two, as Meson finds; !finding is the other
    backends: dict  # the name of each, and its sources in the static library
    settings: list  # macros in config.h, apart from those of each backend


def named_lists(folder):
    text = (folder / "meson.build").read_text(encoding="utf-8")
    text = re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE)
    return text, {name: inside for name, inside in NAMED.findall(text)}


def need(lists, name, where):
    if name not in lists:
        raise Unclear(f"{where}meson.build has no list '{name} = files(...)'")
    return lists[name]


def resolve(folder, names):
    paths = [folder / name for name in names]
    for name, path in zip(names, paths):
        if not path.is_file():
            raise Unclear(f"{folder / 'meson.build'} names {name}, which is not there")
    return paths


def read_backends(folder):
    text, lists = named_lists(folder)
    found = {}
    starts = [*ROW.finditer(text)]
    for row, following in zip(starts, [*starts[1:], None]):
        row_text = text[row.end() : following.start() if following else len(text)]
        row_text = row_text.split("\n}", 1)[0]
        paths = found.setdefault(row[1], {})
        if BUILT.match(row_text.lstrip("{ \n")):
            sources = row_sources(folder, row_text, lists)
            # What is in C++ is compiled with the allocator's own source.
            paths.update(dict.fromkeys(path for path in sources if path.suffix == ".c"))
    if "libc" not in found:
        raise Unclear("backends/meson.build has no row of the form backends += {'libc': {")
    return {name: list(paths) for name, paths in found.items()}


def row_sources(folder, row, lists):
    for match in SOURCES.finditer(row):
        expression = match[1]
        for inside in re.findall(FILES, expression):
            yield from resolve(folder, QUOTED.findall(inside))
        for name in re.findall(r"\b\w+\b", re.sub(FILES, "", expression)):
            if name in lists:
                yield from resolve(folder, QUOTED.findall(lists[name]))


def check_that_all_are_known(root, known):
    for folder in ("src", "layers"):
        for path in sorted((root / folder).rglob("*.c")):
            name = path.relative_to(root).as_posix()
            if path not in known and not name.startswith(ELSEWHERE):
                raise Unclear(f"{name} is in no list of meson.build that this script reads")


def read(root):
    try:
        return read_lists(root)
    except OSError as error:
        raise Unclear(f"{error.filename}: {error.strerror}") from error


def read_lists(root):
    text, lists = named_lists(root)
    _, layers = named_lists(root / "layers")
    version = VERSION.search(text)
    if version is None:
        raise Unclear("meson.build has no project(... version: '...')")
    static = need(lists, "static_sources", "")
    alternatives = [
        row
        for finding, one, other in ALTERNATIVE.findall(static)
        for row in ((finding, root / one), ("!" + finding, root / other))
    ]
    sources = resolve(root, QUOTED.findall(need(lists, "sources", "")))
    sources += resolve(root / "layers", QUOTED.findall(need(layers, "layer_sources", "layers/")))
    sources += resolve(root, QUOTED.findall(ALTERNATIVE.sub("", static)))
    shared = resolve(root, QUOTED.findall(need(lists, "shared_sources", "")))
    check_that_all_are_known(root, {*sources, *shared, *(path for _, path in alternatives)})
    return Lists(version[1], sources, alternatives, read_backends(root / "backends"),
                 SETTING.findall(text))
