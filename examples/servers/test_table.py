# SPDX-License-Identifier: BSD-3-Clause
"""The arithmetic of table.py, on figures that nobody measured."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import table

RATES = """\
1 1 set 0 100 4
1 1 set 1 110 4
1 1 set 0 300 8
1 1 set 1 330 4
1 1 set 0 200 8
1 1 set 1 150 5
1 1 get 0 100 2
1 1 get 1 80 4
4 1 get 0 100 2
4 1 get 1 80 4
"""


class Rates(unittest.TestCase):
    def setUp(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "rates")
            path.write_text(RATES, encoding="utf-8")
            self.rates, self.busy_rates = table.read_rates(path)

    def test_ratio_is_of_medians(self) -> None:
        self.assertEqual(table.ratios(self.rates[1, 1, "set"]), [150 / 200])

    def test_noise_is_the_median_distance(self) -> None:
        self.assertEqual(table.noise([100.0, 300.0, 200.0]), "50.0%")

    def test_one_round_does_not_tell_the_noise(self) -> None:
        self.assertEqual(table.noise([100.0]), "unknown")

    def test_mean_is_geometric(self) -> None:
        lines = table.rate_lines(self.rates, ["stock", "libc"])
        self.assertIn("mean: I/O threads 1, pipeline 1", lines[-3])
        self.assertEqual(lines[-3].split()[-1], "0.775")

    def test_time_of_io_threads_does_not_count(self) -> None:
        lines = table.busy_lines(self.busy_rates)
        self.assertEqual([line.split()[-1] for line in lines], ["1.000", "1.000"])

    def test_every_command_has_a_line(self) -> None:
        lines = table.rate_lines(self.rates, ["stock", "libc"])
        found = [line.split()[2:4] for line in lines if line[0:1].isdigit()]
        self.assertEqual(found, [["SET", "200"], ["GET", "100"], ["GET", "100"]])


class Memory(unittest.TestCase):
    def test_filled_comes_first(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "memory")
            path.write_text(
                "filled 0 1048576 2097152 2.00\nchurned 0 1048576 3145728 3.00\n"
                "filled 1 3145728 3145728 1.00\n",
                encoding="utf-8",
            )
            lines = table.memory_lines(path, ["stock", "libc"])
        self.assertEqual(
            [line.split() for line in lines[1:]],
            [
                ["filled", "stock", "1.0", "2.0", "2.00"],
                ["filled", "libc", "3.0", "3.0", "1.00"],
                ["churned", "stock", "1.0", "3.0", "3.00"],
            ],
        )


if __name__ == "__main__":
    unittest.main()
