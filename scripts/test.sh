#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Builds zmalloc and runs its tests on every backend. Installs what that needs.
#
# usage: scripts/test.sh [--quick] [ARGUMENT OF meson test...]     say, --suite jemalloc
#
# With --quick, for the loop of editing: one backend, libc unless a suite is named, and long tests a
# fifth as long.
set -eu

cd "$(dirname "$0")/.."
build=${BUILD_DIR:-build}

if [ "${1:-}" = --quick ]; then
    shift
    [ $# -gt 0 ] || set -- --suite libc
    export ZMALLOC_TEST_SCALE="${ZMALLOC_TEST_SCALE:-0.2}"
fi

scripts/setup.sh test
# Both forms of the library, for the tests that install it. No test needs the benchmarks.
options='-Dtests=enabled -Dbench=disabled -Ddefault_library=both'
# shellcheck disable=SC2086
if [ -f "$build/build.ninja" ]; then
    meson configure "$build" $options
else
    meson setup "$build" $options
fi
ninja -C "$build" --quiet
meson test -C "$build" --no-rebuild --print-errorlogs "$@"
