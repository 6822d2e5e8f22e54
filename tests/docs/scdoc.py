# SPDX-License-Identifier: BSD-3-Clause
"""Reads the sources of the man pages, as far as the tests want to know what is in them."""

import re

FENCE = re.compile(r"^\t*```\n(.*?)^\t*```$", re.DOTALL | re.MULTILINE)


def plain(text):
    """What scdoc makes of a text in which a backslash takes the meaning from the next character."""
    return re.sub(r"\\(.)", r"\1", text)


def depth(line):
    return len(line) - len(line.lstrip("\t"))


class Page:
    def __init__(self, path):
        self.name = path.name.removesuffix(".scd")
        self.text = path.read_text()

    def section(self, title):
        """The text of a section with its subsections; empty where there is none."""
        section = rf"^# {re.escape(title)}\n(.*?)(?=^# |\Z)"
        found = re.search(section, self.text, re.DOTALL | re.MULTILINE)
        return found[1] if found else ""

    def literal_blocks(self, title=None):
        """What stands between ``` and ```, without its indentation."""
        for block in FENCE.findall(self.text if title is None else self.section(title)):
            yield plain(re.sub(rf"^\t{{{depth(block)}}}", "", block, flags=re.MULTILINE))

    def terms(self, title):
        """What has a paragraph of its own in a section: lines with a deeper one right below."""
        lines = FENCE.sub("", self.section(title)).split("\n")
        term = ""
        for line, below in zip(lines, lines[1:]):
            term = term + line + "\n" if line.strip() else ""
            if term and below.strip() and depth(below) == depth(line) + 1:
                yield term
                term = ""

    def explains(self, word, title):
        """Whether one of those is about this word, which is in bold there."""
        return any(f"*{word}*" in term for term in self.terms(title))
