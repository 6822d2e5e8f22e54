#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Has Valkey fork, save and load under load; --help says more.

exec "$(dirname "$0")/../servers/forks.sh" valkey "$@"
