#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Builds Redis; --help says more.

exec "$(dirname "$0")/../servers/build.sh" redis "$@"
