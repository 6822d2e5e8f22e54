#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Stands in for a test, or the tests of a backend, that this build does not have. Meson calls 77
# skipped.
echo "skipped: $1 is not in this build: $2"
exit 77
