#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes one zmalloc.c and one zmalloc.h of the library, for projects that keep it among their own files.

zmalloc.c is the static library with the backends libc and native, compiled with nothing but cc.
zmalloc.h has all public functions in C. Beside them are written zmalloc.hpp and zmalloc_new_delete.hpp
for C++, and zmalloc_adapters.h; none is needed to compile zmalloc.c.

Which files belong to the library stands in the meson.build files and nowhere else. Each file becomes
a section. Names at file scope that another section has, too, get the name of their section before
them; macros of a section end with it.
"""

import argparse
import pathlib
import re
import sys

from amalgamation import c_names, meson_lists
from amalgamation.c_files import (ROOT, Failure, Piece, SystemIncludes, body, negated, path_from_root,
                                  read)

PUBLIC = ("zmalloc.h", "zmalloc_zone.h", "zmalloc_fail.h", "zmalloc_sample.h", "zmalloc_backend.h")
BESIDE = ("zmalloc.hpp", "zmalloc_new_delete.hpp", "zmalloc_adapters.h")
PARTS = ROOT / "scripts" / "amalgamation"

# Backends that are not always there: the condition, and what their macro of the reason says if it
# does not hold. None: never.
BACKENDS = {
    "native": ("defined(ZM_HAVE_SIZE_QUERY)", "the C library cannot tell the size of a block"),
    "jemalloc": (None, "zmalloc.c has none; the library that Meson builds has"),
    "tcmalloc": (
        "defined(ZMALLOC_WITH_TCMALLOC)",
        "zmalloc.c was compiled without -DZMALLOC_WITH_TCMALLOC",
    ),
    "mimalloc": (
        "defined(ZMALLOC_WITH_MIMALLOC)",
        "zmalloc.c was compiled without -DZMALLOC_WITH_MIMALLOC",
    ),
}
# What Meson finds out about the compiler, as the preprocessor knows it.
FINDINGS = {"unwinder_links": "!defined(ZMALLOC_NO_UNWINDER)"}

# ---- Names ----


def foreign_apart(text, foreign):
    """What we do not define is not hidden."""
    for begin, end in reversed(foreign):
        text = (f"{text[:begin]}#pragma GCC visibility push(default)\n{text[begin:end]}\n"
                f"#pragma GCC visibility pop{text[end:]}")
    return text


class Section:
    def __init__(self, piece, name, condition, statics):
        self.piece = piece
        self.name = name
        self.condition = condition
        self.text = body(piece.text)
        try:
            self.names = c_names.Names(self.text, statics)
        except c_names.Unclear as error:
            raise Failure(f"{path_from_root(piece.path)}: {error}") from error

    def everything(self):
        return self.names.ordinary() | set(self.names.macros)

    def to_rename(self, taken, tags):
        """Its names that another section or a header has, too, and what they are pasted from."""
        ordinary = (self.names.internal | set(self.names.macros)) & taken
        for prefix in c_names.pasted_prefixes(self.text):
            if any(name.startswith(prefix) for name in ordinary):
                ordinary |= {name for name in self.names.internal if name.startswith(prefix)}
                ordinary.add(prefix)
        return ordinary, self.names.tags & tags

    def write(self, renaming):
        text = renaming.apply(foreign_apart(self.text, self.names.foreign))
        macros = [renaming.prefix + macro if macro in renaming.ordinary else macro
                  for macro in self.names.macros]
        parts = [f"/* ---- {path_from_root(self.piece.path)} ---- */\n\n"]
        if self.condition:
            parts.append(f"#if {self.condition}\n\n")
        parts.append(text)
        if macros:
            parts.append("\n" + "".join(f"#undef {macro}\n" for macro in macros))
        if self.condition:
            parts.append("\n#endif\n")
        return "".join(parts)


def section_names(paths):
    """A short name for each: that of the file, with its folder if two files have it."""
    stems = [path.stem for path in paths]
    return {
        path: path.stem if stems.count(path.stem) == 1 else f"{path.parent.name}_{path.stem}"
        for path in paths
    }


def check_headers(sections):
    """Names of headers stay as they are, so no two may have the same."""
    for kind in ("ordinary", "tags"):
        owner = {}
        for section in sections:
            names = section.names.tags if kind == "tags" else section.names.internal
            for name in names:
                other = owner.setdefault(name, section)
                if other is not section:
                    raise Failure(f"{path_from_root(section.piece.path)} and "
                                  f"{path_from_root(other.piece.path)} both define '{name}'")


class Renamer:
    """Finds for each section what to rename, and new names that nothing has."""

    def __init__(self, sections, headers):
        self.sections = sections
        self.names = set().union(*(header.everything() for header in headers))
        self.tags = set().union(*(header.names.tags for header in headers))
        self.taken = self.names | self.tags
        for section in sections:
            self.taken |= section.everything() | section.names.tags

    def renaming(self, section):
        others = [other for other in self.sections if other is not section]
        ordinary, tags = section.to_rename(
            self.names.union(*(other.names.ordinary() for other in others)),
            self.tags.union(*(other.names.tags for other in others)))
        for prefix in (f"{section.name}_", f"in_{section.name}_"):
            new = {prefix + name for name in ordinary | tags}
            if not new & self.taken:
                self.taken |= new
                return c_names.Renaming(prefix, ordinary, tags)
        raise Failure(f"{path_from_root(section.piece.path)}: "
                      f"no new name for {min(ordinary | tags)} is free")


# ---- The files ----


def in_order(pieces):
    """The headers that they include, each after those that it includes itself."""
    found = {}

    def visit(path):
        if path in found or path.name in PUBLIC:
            return
        header = Piece(path)
        found[path] = None  # a header that includes itself would be an error of its own
        for inner in header.headers:
            visit(inner)
        del found[path]
        found[path] = header

    for piece in pieces:
        for path in piece.headers:
            visit(path)
    return list(found.values())


def condition_of(backend):
    condition, _ = BACKENDS.get(backend, ("", ""))
    return condition


def chosen_files():
    """The paths of the sources with the condition of each, or None."""
    lists = meson_lists.read(ROOT)
    chosen = [(path, None) for path in lists.sources]
    for backend, paths in lists.backends.items():
        if condition_of(backend) is not None:
            chosen += [(path, condition_of(backend) or None) for path in paths]
    for finding, path in lists.alternatives:
        name = finding.lstrip("!")
        if name not in FINDINGS:
            raise Failure(f"meson.build: {path_from_root(path)} depends on '{name}', "
                          "for which scripts/amalgamate.py has no row in FINDINGS")
        condition = FINDINGS[name]
        chosen.append((path, negated(condition) if finding.startswith("!") else condition))
    unique = dict(chosen)
    return list(unique.items()), lists


def backend_macros(backend):
    condition, why = BACKENDS.get(backend, ("", ""))
    name = backend.upper()
    here = (f"#define ZM_{name}_ORIGIN BUILT_IN\n"
            f"#define ZM_{name}_INSTANCE (&zm_instance_{backend})\n"
            f'#define ZM_{name}_WHY ""\n')
    absent = (f"#define ZM_{name}_ORIGIN NOT_BUILT\n"
              f"#define ZM_{name}_INSTANCE NULL\n"
              f'#define ZM_{name}_WHY "not in this build: {why}"\n')
    static = "".join(f"#define ZM_STATIC_{name}_{what} ZM_{name}_{what}\n"
                     for what in ("ORIGIN", "INSTANCE"))
    if condition is None:
        return absent + static
    if not condition:
        return here + static
    return f"#if {condition}\n{here}#else\n{absent}#endif\n{static}"


def configuration(lists):
    text = read(PARTS / "config.h").replace("@VERSION@", lists.version)
    text = body(text)
    unknown = [name for name in lists.settings if not re.search(rf"\b{name}\b", text)]
    if unknown:
        raise Failure(f"meson.build puts {unknown[0]} into config.h, "
                      "and scripts/amalgamation/config.h says nothing of it")
    return text + "\n" + "\n".join(backend_macros(name) for name in lists.backends)


def system_includes(pieces):
    system = SystemIncludes()
    for piece in pieces:
        for name, conditions in piece.system:
            system.add(name, conditions)
    return system.text()


def merge(chosen, lists):
    pieces = [Piece(path, condition) for path, condition in chosen]
    headers = in_order(pieces)
    statics = c_names.static_macros("".join(piece.text for piece in [*headers, *pieces]))
    public = [Section(Piece(ROOT / "include" / name), name, None, statics) for name in PUBLIC]
    header_sections = [Section(header, header.path.stem, None, statics) for header in headers]
    check_headers(header_sections + public)
    names = section_names([path for path, _ in chosen])
    sections = [Section(piece, names[piece.path], piece.outer, statics) for piece in pieces]
    renamer = Renamer(sections, header_sections + public)
    return "\n".join([
        body(read(PARTS / "head.h")).replace("@VERSION@", lists.version)
        .replace("@LICENSE@", commented(read(ROOT / "LICENSE"))),
        configuration(lists),
        system_includes([*headers, *pieces]),
        body(read(PARTS / "after_includes.h")),
        *(f"/* ---- {path_from_root(section.piece.path)} ---- */\n\n"
          + foreign_apart(section.text, section.names.foreign) for section in header_sections),
        *(section.write(renamer.renaming(section)) for section in sections),
        "#pragma GCC visibility pop\n",
    ])


def commented(text):
    return "\n".join(f" * {line}".rstrip() for line in text.strip().splitlines())


def public_header(lists):
    parts = [body(read(PARTS / "zmalloc.h")).replace("@VERSION@", lists.version)]
    for name in PUBLIC:
        text = body(read(ROOT / "include" / name))
        text = text.replace('#include "zmalloc/names.h"\n',
                            body(read(ROOT / "include/zmalloc/names.h")))
        text = without_our_includes(text, PUBLIC)
        parts.append(f"/* ---- include/{name} ---- */\n\n{text}")
    return "/* SPDX-License-Identifier: BSD-3-Clause */\n" + "\n".join(parts)


def without_our_includes(text, names):
    for name in names:
        text = text.replace(f'#include "{name}"\n', "")
    if re.search(r'^\s*#\s*include\s+"(?!zmalloc\.h")', text, re.MULTILINE):
        raise Failure("a public header includes a file that scripts/amalgamate.py does not know")
    return text


def write(folder, name, text):
    text = re.sub(r"\n{3,}", "\n\n", text)
    if folder.exists() and not folder.is_dir():
        raise Failure(f"{folder}: it is no folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{folder / name}: {error.strerror}") from error


def make(folder):
    chosen, lists = chosen_files()
    write(folder, "zmalloc.c", "/* SPDX-License-Identifier: BSD-3-Clause */\n" + merge(chosen, lists))
    write(folder, "zmalloc.h", public_header(lists))
    for name in BESIDE:
        write(folder, name, without_our_includes(read(ROOT / "include" / name), PUBLIC[1:]))


class Parser(argparse.ArgumentParser):
    def error(self, message):
        print(f"amalgamate: {message}; --help says more", file=sys.stderr)
        sys.exit(2)


def main():
    parser = Parser(prog="amalgamate.py", description=__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", metavar="DIR", default="build-amalgamation",
                        help="the folder to write to, %(default)s unless given")
    folder = parser.parse_args().output
    if not folder:
        parser.error("--output needs the name of a folder")
    try:
        make(pathlib.Path(folder))
    except (Failure, meson_lists.Unclear) as error:
        print(f"amalgamate: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
