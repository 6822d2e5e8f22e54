#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Starts Valkey and prints its memory; --help says more.

exec "$(dirname "$0")/../servers/run.sh" valkey "$@"
