#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Shows what Redis does at a memory limit; --help says more.

exec "$(dirname "$0")/../servers/limit.sh" redis "$@"
