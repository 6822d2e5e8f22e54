# SPDX-License-Identifier: BSD-3-Clause
"""json, threads and processes, as python's own tests use them."""

import json
import multiprocessing
import re
import threading

KINDS = {str(number): list(range(number % 50)) for number in range(5000)}


def join_texts(length, results):
    results.append(len("".join(str(number) * length for number in range(5000))))


def square(number):
    return number * number


def main():
    text = json.dumps(KINDS)
    assert json.loads(text) == KINDS
    print(len(text), len(re.findall(r"\d+", text)))
    results = []
    threads = [threading.Thread(target=join_texts, args=(length, results)) for length in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sorted(results))
    with multiprocessing.Pool(2) as pool:
        print(sum(pool.map(square, range(1000))))


if __name__ == "__main__":
    main()
