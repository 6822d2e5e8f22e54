#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs Valkey with a load as one program; --help says more.

exec "$(dirname "$0")/../servers/load.sh" valkey "$@"
