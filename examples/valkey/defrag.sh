#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Has Valkey defragment its memory; --help says more.

exec "$(dirname "$0")/../servers/defrag.sh" valkey "$@"
