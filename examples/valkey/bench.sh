#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Measures requests per second of Valkey; --help says more.

exec "$(dirname "$0")/../servers/bench.sh" valkey "$@"
