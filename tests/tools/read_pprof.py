# SPDX-License-Identifier: BSD-3-Clause
"""Prints a profile in the form of pprof: a line for the types of its values, then one for each sample with
its functions, the innermost first, its values and its labels, sorted.

usage: read_pprof.py FILE.pb.gz
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator

Field = tuple[int, "int | bytes"]


def varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        number |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return number, at


def fields(data: bytes) -> Iterator[Field]:
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
            yield key >> 3, value
        else:
            length, at = varint(data, at)
            yield key >> 3, data[at : at + length]
            at += length


def numbers(data: bytes) -> list[int]:
    found, at = [], 0
    while at < len(data):
        number, at = varint(data, at)
        found.append(number)
    return found


def main(path: str) -> None:
    with gzip.open(path) as file:
        profile = list(fields(file.read()))
    parts = {field: [dict(fields(v)) for f, v in profile if f == field] for field in (1, 2, 4, 5)}
    texts = [value.decode() for field, value in profile if field == 6]
    assert texts[0] == ""
    print(*(texts[value_type[1]] for value_type in parts[1]))
    functions = {function[1]: texts[function[2]] for function in parts[5]}
    locations = {place[1]: functions[dict(fields(place[4]))[1]] for place in parts[4]}
    lines = []
    for sample in parts[2]:
        label = dict(fields(sample.get(3, b"")))
        words = [";".join(locations[number] for number in numbers(sample[1]))]
        words += map(str, numbers(sample[2]))
        words += [f"{texts[label[1]]}={texts[label[2]]}"] if label else []
        lines.append(" ".join(words))
    print(*sorted(lines), sep="\n")


main(sys.argv[1])
