#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs Redis with a load as one program; --help says more.

exec "$(dirname "$0")/../servers/load.sh" redis "$@"
