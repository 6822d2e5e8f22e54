#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Builds zmalloc and runs its tests on every backend. Installs what that needs.
#
# usage: scripts/test.sh [ARGUMENT OF meson test...]     say, --suite jemalloc
set -eu

cd "$(dirname "$0")/.."
build=${BUILD_DIR:-build}

scripts/setup.sh test
if [ -f "$build/build.ninja" ]; then
    meson configure "$build" -Dtests=enabled -Dbench=auto # the demo is without
else
    meson setup "$build" -Dtests=enabled
fi
ninja -C "$build" --quiet
meson test -C "$build" --no-rebuild --print-errorlogs "$@"
