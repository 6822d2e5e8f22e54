#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Builds zmalloc and runs its tests on every backend. Installs what that needs.
#
# usage: scripts/test.sh [--quick] [--source] [ARGUMENT OF meson test...]     say, --suite jemalloc
#
#   --quick    for the loop of editing: one backend, libc unless a suite is named, and long tests a fifth as
#              long
#   --source   with the allocators and cmocka built from their sources, whatever the system has; in
#              ${BUILD_DIR:-build-source}
set -eu

cd "$(dirname "$0")/.."
default_build=build purpose=test quick=
# Both forms of the library, for the tests that install it. No test needs the benchmarks.
options='-Dtests=enabled -Dbench=disabled -Ddefault_library=both'
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=yes ;;
    --source)
        default_build=build-source purpose=source
        options="$options --wrap-mode=forcefallback -Djemalloc=enabled -Dtcmalloc=enabled -Dmimalloc=enabled"
        ;;
    *) break ;;
    esac
    shift
done
build=${BUILD_DIR:-$default_build}

if [ "$quick" ]; then
    [ $# -gt 0 ] || set -- --suite libc
    export ZMALLOC_TEST_SCALE="${ZMALLOC_TEST_SCALE:-0.2}"
fi

scripts/setup.sh "$purpose"
[ "$purpose" = test ] || scripts/sources.sh || echo "test: what is not in place Meson has to download"

# A build that has these options is not configured again, which takes long and prints much. What was set
# by hand since then shows in the file in which Meson keeps options.
marker=$build/meson-private/test-options
has_options() {
    [ "$options" = "$(cat "$marker" 2>/dev/null)" ] &&
        [ -z "$(find "$build/meson-private/cmd_line.txt" -newer "$marker")" ]
}

# shellcheck disable=SC2086
if [ ! -f "$build/build.ninja" ]; then
    meson setup "$build" $options
elif ! has_options; then
    meson configure "$build" $options
fi
ninja -C "$build" --quiet
echo "$options" >"$marker"
meson test -C "$build" --no-rebuild --print-errorlogs "$@"
