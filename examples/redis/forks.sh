#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Has Redis fork, save and load under load; --help says more.

exec "$(dirname "$0")/../servers/forks.sh" redis "$@"
