# shellcheck shell=sh
# SPDX-License-Identifier: BSD-3-Clause
#
# For scripts that build a release into a folder and leave results somewhere: "build" and "output" are
# their folders. They source it after common.sh.
# shellcheck disable=SC2154

# --output DIR, from the caller's folder.
take_output() {
    [ -n "$1" ] || refuse "--output names no folder"
    output=$(full_path "$1")
}

# Of a script that measures, and may publish what it found.
take_measuring_arguments() {
    quick='' publish='' output=''
    take_arguments '--quick --output=DIR --publish' "$@"
    [ -z "$quick" ] || [ -z "$publish" ] || refuse "--publish takes no --quick: those figures are rough"
}

# A folder that somebody named may hold what they still want; the one in the build is ours.
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
    logged "$output/build.log" configure_and_compile "$@"
}
