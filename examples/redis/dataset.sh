#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Compares the memory that Redis takes; --help says more.

exec "$(dirname "$0")/../servers/dataset.sh" redis "$@"
