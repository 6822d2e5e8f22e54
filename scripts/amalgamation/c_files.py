# SPDX-License-Identifier: BSD-3-Clause
"""A source of ours as scripts/amalgamate.py needs it: its text without includes, the headers of ours that
it includes, and those of the system with the conditions that they stand in."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(["<])([^">]+)[">].*\n?', re.MULTILINE)
CONDITION = re.compile(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif)\b")
EMPTY_IF = re.compile(r"^#if[^\n]*\n(?:#else[^\n]*\n)?#endif[^\n]*\n\n?", re.MULTILINE)
GUARD = re.compile(r"\A(?:\s|/\*.*?\*/)*#ifndef (\w+)\n#define \1\n", re.DOTALL)
GENERATED = ("config.h", "build.h")  # by Meson


class Failure(Exception):
    """Becomes the one line that is printed."""


def path_from_root(path):
    return path.relative_to(ROOT).as_posix()


def read(path):
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{path}: {error}") from error


def find_header(name, includer):
    for folder in (includer.parent, ROOT / "src", ROOT / "include"):
        path = (folder / name).resolve()
        if path.is_file():
            return path
    raise Failure(f'{path_from_root(includer)}: "{name}" is neither in src nor in include')


class SystemIncludes:
    """What goes to the top of the file: includes, each with the conditions it stands in."""

    def __init__(self):
        self.always = set()
        self.sometimes = {}  # by conditions, in the order of the files

    def add(self, name, conditions):
        if conditions:
            self.sometimes.setdefault(tuple(conditions), {})[name] = None
        else:
            self.always.add(name)

    def text(self):
        lines = [f"#include <{name}>" for name in sorted(self.always)] + [""]
        for conditions, names in self.sometimes.items():
            rest = [f"#include <{name}>" for name in names if name not in self.always]
            if rest:
                lines += [f"#if {condition}" for condition in conditions]
                lines += rest + ["#endif"] * len(conditions)
        return "\n".join(lines) + "\n"


def negated(condition):
    if re.fullmatch(r"!?defined\(\w+\)", condition):
        return condition[1:] if condition.startswith("!") else "!" + condition
    return f"!({condition})"


class Conditions:
    """The conditions that a line of a file stands in."""

    def __init__(self, outer, guard):
        self.stack = [outer] if outer else []
        self.guard = guard
        self.open = []  # whether each #if is on the stack

    def current(self):
        return list(self.stack)

    def pass_line(self, line):
        match = CONDITION.match(line)
        if match is None:
            return
        rest = re.sub(r"/\*.*?\*/", "", line[match.end() :]).strip()
        kind = match[1]
        if kind.startswith("if"):
            is_guard = kind == "ifndef" and rest == self.guard
            self.open.append(not is_guard)
            if not is_guard:
                self.stack.append({"if": rest, "ifdef": f"defined({rest})",
                                   "ifndef": f"!defined({rest})"}[kind])
        elif kind == "endif":
            if self.open.pop():
                self.stack.pop()
        elif self.open[-1]:
            last = negated(self.stack.pop())
            self.stack.append(last if kind == "else" else f"{last} && ({rest})")


class Piece:
    """A file of ours: its text without includes, and what it includes."""

    def __init__(self, path, outer=None):
        self.path = path
        self.outer = outer
        self.text = ""
        self.headers = []
        self.system = []  # with their conditions
        self.read_lines()

    def read_lines(self):
        text = read(self.path)
        guard = GUARD.match(text) if self.path.suffix == ".h" else None
        conditions = Conditions(self.outer, guard[1] if guard else None)
        depth = len(conditions.stack)
        has_code = False
        for line in text.splitlines(keepends=True):
            conditions.pass_line(line)
            include = INCLUDE.match(line)
            if include is None:
                has_code = has_code or re.match(r"[A-Za-z_]", line) is not None
                self.text += line
            elif include[1] == "<":
                self.system.append((include[2], conditions.current()))
            elif include[2] in GENERATED:
                continue
            elif len(conditions.stack) > depth:
                # Only a build by Meson has that; who sees the line has defined a macro of ours.
                self.text += f'#error "{include[2]} is not in this file"\n'
            elif has_code:
                self.text += self.expand(find_header(include[2], self.path))
            else:
                self.headers.append(find_header(include[2], self.path))
        self.text = EMPTY_IF.sub("", self.text)

    def expand(self, path):
        """A header that is included after code is a template, and belongs to the file."""
        template = Piece(path, self.outer)
        self.headers += template.headers
        self.system += template.system
        return f"/* ---- {path_from_root(path)}, for this file ---- */\n\n{body(template.text)}"


def body(text):
    """Without the line of the licence, which is at the top of the file that we make."""
    return re.sub(r"\A/\* SPDX-License-Identifier: [\w.-]+ \*/\n+", "", text)
