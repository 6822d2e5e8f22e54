#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares the man pages with the sources: each function that the library exports, each operation
of a backend and each environment variable that is read has its paragraph in the page where it
belongs; declarations are those of the headers; and no page names what does not exist."""

import json
import re
import sys
from pathlib import Path

import scdoc

ROOT = Path(__file__).resolve().parent.parent.parent
HEADERS = ["zmalloc.h", "zmalloc_fail.h", "zmalloc_sample.h", "zmalloc_zone.h", "zmalloc_backend.h"]
LIBRARY = ["src", "layers", "backends"]
COMMAND = ["tools"]

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
DECLARATION = re.compile(r"^(?:ZMALLOC_API|static inline)\s+((?:const |struct )*\w+ \*?(\w+)\()", re.MULTILINE)
NO_FUNCTION = re.compile(r"^(?:#.*|extern .*|struct \w+ \{(?:.*\n)*?\};)$", re.MULTILINE)
GETENV = re.compile(r"\b(?:secure_)?getenv\(([^()]+)\)")
# What looks like a name of ours.
OUR_STEMS = "malloc|calloc|realloc|free|strdup|libc|madvise"
OUR_NAME = re.compile(rf"\b(?:z(?:try)?(?:{OUR_STEMS})\w*|extend_to\w*|ZMALLOC_\w+)\b")

complaints = []


def complain_if(wrong, what):
    if wrong:
        complaints.append(what)


# ---- What there is ----


def code(path):
    """The text of a file without its comments."""
    return COMMENT.sub(" ", path.read_text())


def code_of_header(header):
    return code(ROOT / "include" / header)


def squeezed(text):
    """C with no blank but those it needs, so that two declarations can be compared."""
    return re.sub(r" ?([*(),;{}]) ?", r"\1", " ".join(text.split()))


def exported():
    """The functions that the library exports, by their names in C."""
    public = code(ROOT / "src/zmalloc.syms").partition("local:")[0]
    return set(re.findall(r"^\s+zml_(\w+);$", public, re.MULTILINE))


def end_of_parameters(text, opening):
    """The place after the parenthesis that closes the one at this place."""
    level = 0
    for place in range(opening, len(text)):
        level += {"(": 1, ")": -1}.get(text[place], 0)
        if level == 0:
            return place + 1
    raise ValueError(f"never closed: {text[opening : opening + 40]}")


def declared(header):
    """The functions that a header declares: their declarations by their names."""
    text = code_of_header(header)
    return {
        match[2]: squeezed(text[match.start(1) : end_of_parameters(text, match.end(1) - 1)] + ";")
        for match in DECLARATION.finditer(text)
    }


def structure(text, name):
    """The structure as the text defines it; None where it does not."""
    found = re.search(rf"struct {name} \{{.*?^\}};", text, re.DOTALL | re.MULTILINE)
    return squeezed(found[0]) if found else None


def members(struct):
    """The names of a structure's members, pointers to functions among them."""
    body = struct[struct.index("{") + 1 : -2]
    functions = re.findall(r"(?:^|;)[^();]*\(\*(\w+)\)\(", body)
    others = re.findall(r"(?:^|;)[^();]*?(\w+)(?=;)", body)
    return set(functions) | set(others)


def meaning(argument, text, everything):
    """The variables that an argument of getenv() stands for: a string, a macro of the file, or a
    member that tables initialise."""
    member = re.search(r"(?:->|\.)(\w+)$", argument)
    if argument.startswith('"'):
        return {argument.strip('"')}
    if member:
        return set(re.findall(rf'\.{member[1]} = "(\w+)"', everything))
    return set(re.findall(rf'^#define {re.escape(argument)} "(\w+)"', text, re.MULTILINE))


def variables(folders):
    """The environment variables that the code in these folders reads."""
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.[ch]"))]
    texts = {path: code(path) for path in files}
    everything = "\n".join(texts.values())
    found = set()
    for path, text in texts.items():
        for argument in GETENV.findall(text):
            names = meaning(argument, text, everything)
            complain_if(not names, f"{path}: which variable is {argument}?")
            found |= names
    return found


# ---- What the pages say of it ----


def check_paragraphs(page, title, names):
    for name in sorted(names):
        what = f"{page.name} has no paragraph about {name} under {title}"
        complain_if(not page.explains(name, title), what)


def check_synopsis(page, headers):
    """Each declaration of the headers, and no other; and macros as they are there."""
    real = set().union(*(declared(header).values() for header in headers))
    text = "\n".join(page.literal_blocks("SYNOPSIS"))
    functions = NO_FUNCTION.sub("", text)
    said = {squeezed(each) + ";" for each in functions.split(";") if each.strip()}
    for declaration in sorted(real - said):
        complain_if(True, f"{page.name}: the synopsis lacks {declaration}")
    for declaration in sorted(said - real):
        complain_if(True, f"{page.name}: no header has {declaration}")
    for macro in re.findall(r"^#define.*$", text, re.MULTILINE):
        known = any(macro + "\n" in code_of_header(header) for header in headers)
        complain_if(not known, f"{page.name}: no header has {macro}")


def check_structure(page, header, name):
    real = structure(code_of_header(header), name)
    said = [structure(block, name) for block in page.literal_blocks()]
    complain_if(real not in said, f"{page.name}: struct {name} is not that of {header}")


def keys_of_schema(schema):
    """The names that an object must have, each with those of the object that it is."""
    properties = schema.get("properties", {})
    return {name: keys_of_schema(properties[name]) for name in schema.get("required", [])}


def keys_of_record(value):
    if not isinstance(value, dict):
        return {}
    return {name: keys_of_record(member) for name, member in value.items()}


def check_record(page):
    """The statistics that the page shows are of the form that the schema describes."""
    schema = keys_of_schema(json.loads((ROOT / "docs/stats.schema.json").read_text()))
    records = [block for block in page.literal_blocks() if block.startswith('{"schema"')]
    said = [keys_of_record(json.loads(record)) for record in records]
    complain_if(said != [schema], f"{page.name}: its record is not of docs/stats.schema.json")


def check_names(page, known):
    """What looks like a name of ours is one."""
    for name in sorted(set(OUR_NAME.findall(scdoc.plain(page.text))) - known):
        complain_if(True, f"{page.name} names {name}, which does not exist")


def check_users_page(page, functions):
    check_paragraphs(page, "DESCRIPTION", functions)
    check_synopsis(page, ["zmalloc.h", "zmalloc_fail.h", "zmalloc_sample.h", "zmalloc_zone.h"])
    check_structure(page, "zmalloc.h", "zmalloc_backend_info")
    check_record(page)


def check_authors_page(page, functions):
    table = structure(code_of_header("zmalloc_backend.h"), "zmalloc_backend")
    check_paragraphs(page, "DESCRIPTION", functions)
    check_paragraphs(page, "MEMBERS", members(table))
    check_synopsis(page, ["zmalloc_backend.h"])
    check_structure(page, "zmalloc_backend.h", "zmalloc_backend")


def main():
    pages = {page.name: page for page in map(scdoc.Page, (ROOT / "docs/man").glob("*.scd"))}
    of_authors = declared("zmalloc_backend.h").keys()
    known = set(re.findall(r"\w+", " ".join(code_of_header(header) for header in HEADERS)))
    known |= variables(LIBRARY) | {Path(header).stem for header in HEADERS}

    check_users_page(pages["zmalloc.3"], exported() - of_authors)
    check_authors_page(pages["zmalloc_backend.3"], of_authors)
    check_paragraphs(pages["zmalloc.1"], "ENVIRONMENT", variables(COMMAND))
    check_paragraphs(pages["zmalloc.7"], "ENVIRONMENT", variables(LIBRARY + COMMAND))
    for page in pages.values():
        check_names(page, known)
    sys.exit("\n".join(complaints) or 0)


if __name__ == "__main__":
    main()
