#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs Redis's own tests; --help says more.

exec "$(dirname "$0")/../servers/test.sh" redis "$@"
