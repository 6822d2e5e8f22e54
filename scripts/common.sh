# shellcheck shell=sh
# SPDX-License-Identifier: BSD-3-Clause
#
# For scripts that build a release into a folder of their own and leave results somewhere. Sourced by
# them, as arguments.sh is; "build" and "output" are their folders.
# shellcheck disable=SC2154

# What the caller has set must not decide what is found.
unset ZMALLOC_BACKEND ZMALLOC_DEBUG ZMALLOC_FAIL ZMALLOC_STATS

# shellcheck source=scripts/arguments.sh
. "$(dirname "$0")/arguments.sh"

# Relative to the folder of the caller.
take_output() {
    case $1 in
    '') refuse "--output names no folder" ;;
    /*) output=$1 ;;
    *) output=$PWD/$1 ;;
    esac
}

# A folder that somebody named may hold what he still wants; that of the build is ours.
prepare_output() {
    if [ -z "$output" ]; then
        output=$build/results
        rm -rf "$output"
    fi
    mkdir -p "$output"
}

configure_and_compile() {
    action=setup
    [ ! -f "$build/build.ninja" ] || action=configure
    meson $action "$build" --buildtype=release -Db_lto=false -Db_sanitize=none -Dexamples=disabled \
        -Dtools=disabled -Ddocs=disabled \
        "$@" && ninja -C "$build"
}

# build_release OPTION...
build_release() {
    echo "$script: building in $build"
    configure_and_compile "$@" >"$output/build.log" 2>&1 || {
        cat "$output/build.log" >&2
        fail "building $build failed"
    }
}
