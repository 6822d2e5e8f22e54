#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes an index of a text: which lines has each word? Writes it as compressed JSON, reads it back, and
looks words up. It knows nothing of zmalloc: zmalloc compare -- python3 examples/index_words.py FILE

usage: index_words.py FILE
"""

import json
import re
import sys
import zlib


def index_of(lines):
    index = {}
    for number, line in enumerate(lines):
        for word in re.findall(r"\w+", line.lower()):
            index.setdefault(word, []).append(number)
    return index


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.split("\n\n")[1].strip())
    with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()
    packed = zlib.compress(json.dumps(index_of(lines)).encode(), 1)
    index = json.loads(zlib.decompress(packed))
    common = sorted(index, key=lambda word: (-len(index[word]), word))[:10]
    text = "\n".join(lines[number] for word in common for number in index[word])
    print(f"{len(index)} words in {len(lines)} lines; the index takes {len(packed)} bytes")
    print(f"the ten most common are in {len(text)} characters: {' '.join(common)}")


main()
