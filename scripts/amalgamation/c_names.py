# SPDX-License-Identifier: BSD-3-Clause
"""What names a piece of C has at file scope, and how to give them others.

For scripts/amalgamate.py. This is no parser of C: it relies on how our sources are written. They are
formatted by clang-format, every opening brace has its closing one in the same branch of an #if, and a
macro at file scope that is called without a semicolon has the line to itself.
"""

import re

HIDDEN = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
LINKAGE = re.compile(r'^extern "C" \{', re.MULTILINE)
BARE_CALL = re.compile(r"^[A-Z_]+\([^;{}]*?\)$", re.MULTILINE)
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
STATIC_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+(?:\w+[ \t]+)*static\b", re.MULTILINE)
PASTED = re.compile(r"\b(\w+_)##")
WORD = re.compile(r"\b[A-Za-z_]\w*")
TAG = re.compile(r"\b(?:struct|union|enum)\s+(?:__attribute__\s*\(\(.*?\)\)\s*)?(\w+)\s*\{", re.DOTALL)
ENUM = re.compile(r"\benum\b[^{};()]*\{([^}]*)\}")
MEMBERS = re.compile(r"\b(?:struct|union)\b(?:\s+__attribute__\s*\(\([^{;]*?\)\))?(?:\s+\w+)?\s*\{")
ANONYMOUS = re.compile(r"\b(?:struct|union|enum)\s+__attribute__\s*\(\(.*\)\)$", re.DOTALL)
ASSIGNMENT = re.compile(r"(?<![=!<>])=(?!=)")


class Unclear(Exception):
    """The text is not written as ours is."""


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def without_comments(text):
    """The same text and length, with blanks for comments, strings and characters."""
    return HIDDEN.sub(blank, text)


def only_declarations(text):
    text = LINKAGE.sub(blank, text)
    return BARE_CALL.sub(blank, DIRECTIVE.sub(blank, without_comments(text)))


def is_function(head):
    head = head.rstrip()
    return head.endswith(")") and not ANONYMOUS.search(head) and not ASSIGNMENT.search(head)


def items(code):
    """The begin and end of each declaration and definition at file scope; code has nothing else."""
    begin, depth, has_body = None, 0, False
    for at, char in enumerate(code):
        if begin is None:
            if char.isspace() or char in ";}":
                continue
            begin, has_body = at, False
        if char == "{" and depth == 0:
            has_body = is_function(code[begin:at])
        depth += (char in "{(") - (char in "})")
        if depth == 0 and (char == ";" or char == "}" and has_body):
            yield begin, at + 1
            begin = None
    if begin is not None:
        line = code.count("\n", 0, begin) + 1
        raise Unclear(f"what begins in line {line} does not end")


def without_groups(text, opening, closing, before="", instead=" "):
    """Without what stands between parentheses or braces, after a word if one is given."""
    while True:
        match = re.search(before + re.escape(opening), text)
        if match is None:
            return text
        depth, end = 1, match.end()
        while depth > 0 and end < len(text):
            depth += (text[end] == opening) - (text[end] == closing)
            end += 1
        text = text[: match.start()] + instead + text[end:]


def split_declarators(text):
    parts, depth = [""], 0
    for char in text:
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def name_of_declarator(text):
    text = ASSIGNMENT.split(text, maxsplit=1)[0].strip()
    if re.fullmatch(r"(?:\w+\s+)*(?:struct|union|enum)(?:\s+\w+)?", text):
        return None
    match = (
        re.match(r"[^(]*\(\s*\*+\s*(?:const\s+)?(\w+)", text)
        or re.search(r"(\w+)\s*\(", text)
        or re.search(r"(\w+)\s*(?:\[[^\]]*\]\s*)*(?::[^:]*)?$", text)
    )
    return match[1] if match else None


def declared(item):
    """The functions, variables and types that it declares, but no tags."""
    text = without_groups(item.rstrip(";"), "{", "}", instead=" @ ")
    text = without_groups(text, "(", ")", r"\b(?:__attribute__|__asm__|_Static_assert)\s*")
    names = map(name_of_declarator, split_declarators(text))
    return {name for name in names if name and not name.isupper()}


def constants(item):
    bodies = [match[1] for match in ENUM.finditer(item)]
    words = [WORD.search(part) for body in bodies for part in body.split(",")]
    return {word[0] for word in words if word}


class Names:
    """The names of a piece of C at file scope, by kind."""

    def __init__(self, text, static_macros):
        code = only_declarations(text)
        self.macros = list(dict.fromkeys(MACRO.findall(without_comments(text))))
        self.tags, self.internal, self.external = set(), set(), set()
        self.foreign = []  # begin and end of declarations of what is not ours
        for begin, end in items(code):
            self.read_item(code, begin, end, static_macros)

    def read_item(self, code, begin, end, static_macros):
        item = code[begin:end]
        head = item.split("{", 1)[0]
        has_body = item.endswith("}")
        names = declared(head if has_body else item)
        words = set(WORD.findall(head))
        if not has_body:
            self.tags.update(TAG.findall(item))
            self.internal |= constants(item)
        if "typedef" in words or "static" in words or words & static_macros:
            self.internal |= names
        else:
            self.external |= names
            if not has_body and names and not any(name.startswith("z") for name in names):
                self.foreign.append((begin, end))

    def ordinary(self):
        return self.internal | self.external


def static_macros(text):
    """Macros that make a function static."""
    return set(STATIC_MACRO.findall(without_comments(text)))


# ---- Other names ----


def pasted_prefixes(text):
    """What macros put before a part of a name."""
    return set(PASTED.findall(without_comments(text)))


def member_places(code):
    """Where structures have members, and the members' names."""
    places = []
    for match in MEMBERS.finditer(code):
        begin, depth, end = match.end(), 1, match.end()
        while depth > 0 and end < len(code):
            depth += (code[end] == "{") - (code[end] == "}")
            end += 1
        members = set()
        for part in code[begin : end - 1].split(";"):
            members |= declared(part.strip())
        places.append((begin, end, members))
    return places


class Renaming:
    """Puts a prefix before some of the names of a piece of C, wherever they stand there."""

    def __init__(self, prefix, ordinary, tags):
        self.prefix = prefix
        self.ordinary = ordinary
        self.tags = tags

    def applies(self, code, match, places):
        word, before = match[0], code[: match.start()].rstrip()[-6:]
        if re.search(r"\b(struct|union|enum)$", before):
            return word in self.tags
        if word not in self.ordinary or before.endswith("->"):
            return False
        if before.endswith(".") and not before.endswith("..."):
            return False
        return not any(
            begin <= match.start() < end and word in members for begin, end, members in places
        )

    def apply(self, text):
        code = without_comments(text)
        places = member_places(code)
        result, last = [], 0
        for match in WORD.finditer(code):
            if self.applies(code, match, places):
                result += [text[last : match.start()], self.prefix]
                last = match.start()
        return "".join(result) + text[last:]
