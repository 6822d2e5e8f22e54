# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
#
# What the scripts of this folder share. Each sources it first and gives it its own arguments: the
# source tree of zmalloc, if it is not the one the script is in.
#
# A check is one line, "ok: ..." or "FAILED: ..."; the first that fails ends the script.

set -eu

script=$(basename "$0" .sh)
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "${1:-$here/../..}" && pwd)
work=$(cd "$(mktemp -d "${TMPDIR:-/tmp}/zmalloc-$script.XXXXXX")" && pwd -P)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

# What the caller has set must not decide what is tested.
unset DESTDIR GLIBC_TUNABLES LD_LIBRARY_PATH LD_PRELOAD MALLOC_CONF
unset ZMALLOC_BACKEND ZMALLOC_STATS ZMALLOC_DEBUG ZMALLOC_FAIL ZMALLOC_LIMIT
LC_ALL=C
export LC_ALL

skip() {
    echo "skipped: $script: $1"
    exit 77
}

# need TOOL...: skips the script where one is absent.
need() {
    for tool; do
        command -v "$tool" >/dev/null || skip "there is no $tool"
    done
}

# check WHAT COMMAND...: what the command prints is shown only where it fails.
check() {
    what=$1
    shift
    status=0
    "$@" >"$work/output" 2>&1 || status=$?
    if [ "$status" -eq 0 ]; then
        echo "ok: $script: $what"
    else
        echo "FAILED: $script: $what: status $status"
        sed 's/^/    /' "$work/output"
        exit 1
    fi
}

# ends_with STATUS TEXT COMMAND...: whether it ends so and writes exactly this line to stderr.
ends_with() {
    wanted=$1 text=$2
    shift 2
    ended=0
    "$@" 2>"$work/stderr" || ended=$?
    echo "it ended with $ended, not $wanted, or did not say: $text"
    cat "$work/stderr"
    [ "$ended" -eq "$wanted" ] && [ "$(cat "$work/stderr")" = "$text" ]
}

# same WHAT EXPECTED FOUND: a check that two files are equal.
same() {
    check "$1" diff -u "$2" "$3"
}

# absent PATTERN FILE: whether no line matches.
absent() {
    ! grep -E "$1" "$2"
}

# ---- The source tree ----

# shellcheck disable=SC2034
subprojects=$tree/subprojects

# copy_tree FOLDER: as a repository has it.
copy_tree() {
    mkdir -p "$1" &&
        tar -C "$tree" -c --exclude=./.git --exclude='./build*' --exclude='./subprojects/*-[0-9]*' \
            --exclude=./subprojects/packagecache . | tar -C "$1" -x
}

# copy_sources FOLDER: what scripts/sources.sh or Meson has put into subprojects, into those of another
# project, so that its Meson downloads nothing.
copy_sources() {
    mkdir -p "$1/subprojects"
    for source in "$tree"/subprojects/*-[0-9]* "$tree/subprojects/packagecache"; do
        [ ! -d "$source" ] || cp -R "$source" "$1/subprojects" || return 1
    done
}

# ---- The library ----

# Builds are shared: the first script that needs one makes it, and the others find it ready. The build
# of both forms is the one that these tests are part of, $THIS_BUILD, if that will do. Run by hand, a
# script makes its own.
builds=${SHARED_BUILDS:-}
if [ -z "$builds" ] || ! command -v flock >/dev/null; then
    builds=$work/builds
fi
mkdir -p "$builds"

# Does without optimisation what only needs some build of the library.
# shellcheck disable=SC2034
quick=-Dbuildtype=plain

# locked COMMAND...: while no other script configures, builds or installs the build of that name.
locked() {
    (
        ! command -v flock >/dev/null || flock 9
        "$@"
    ) 9>"$lock"
}

# With options that the build does not have yet it is configured again.
configure_build() {
    # shellcheck disable=SC2086
    set -- -Dlibdir=lib -Dtests=disabled -Dexamples=disabled -Dbench=disabled ${WRAP_OPTIONS:-} "$@"
    if [ ! -f "$build/build.ninja" ]; then
        rm -rf "$build"
        meson setup "$build" "$tree" --prefix="$place" "$@" || return 1
    elif [ "$*" != "$(cat "$build.options")" ]; then
        meson configure "$build" "$@" || return 1
    fi
    echo "$*" >"$build.options"
}

# Into $place, the prefix of the build, or into the stage $work/staged and from there to $prefix.
install_to_prefix() {
    if [ "$prefix" = "$place" ]; then
        rm -rf "$prefix" && meson install -C "$build" --no-rebuild
    else
        DESTDIR=$work/staged meson install -C "$build" --no-rebuild &&
            mv "$work/staged$place" "$prefix"
    fi
}

make_library() {
    { [ "$build" = "${THIS_BUILD:-}" ] || { configure_build "$@" && ninja -C "$build"; }; } &&
        install_to_prefix
}

# The names of the backends of the build whose origin is BUILT_IN or MODULE: in the shared library,
# or after STATIC_ in the static one.
backends_that_are() {
    sed -n "s/^#define ZM_${2:-}\([A-Z0-9]*\)_ORIGIN $1\$/\1/p" "$build/config.h" | tr '[:upper:]' '[:lower:]'
}

# What a program that links the archive links beside it.
beside_archive() {
    flags_of_library --static --libs | tr ' ' '\n' | sed -e '/^-lzmalloc$/d' -e '/^-L/d'
}

# install_library NAME PREFIX OPTION...: installs the build of that name, made with these options,
# into PREFIX. Sets $build, $prefix, $built_in, $modules, $backends, and $in_archive. Unless PREFIX is $place, which
# is usually $builds/NAME.prefix, what is installed was moved there, and nothing is left where it belongs.
install_library() {
    build=$builds/$1 place=$builds/$1.prefix lock=$builds/$1.lock prefix=$2
    if [ "$1" = both ] && [ -n "${THIS_BUILD:-}" ]; then
        build=$THIS_BUILD place=$THIS_PREFIX
    fi
    shift 2
    check "the library is built and installed with $*" locked make_library "$@"
    built_in=$(backends_that_are BUILT_IN)
    modules=$(backends_that_are MODULE)
    # shellcheck disable=SC2034
    in_archive=$(backends_that_are BUILT_IN STATIC_)
    # shellcheck disable=SC2034
    backends="$built_in $modules"
}

# ---- Building programs with it ----

# The compilers may be several words, as "ccache cc" is.
compile_c() {
    # shellcheck disable=SC2086
    ${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -Wpedantic -Werror "$@"
}

# What pkg-config says of the package $package in $prefix, wherever that was moved from.
flags_of_library() {
    [ "$prefix" = "$place" ] || set -- --define-variable=prefix="$prefix" "$@"
    PKG_CONFIG_PATH="$prefix/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}" \
        pkg-config "$@" "${package:-zmalloc}"
}

# Where the dynamic linker finds the library for a program that is in the folder beside lib.
# shellcheck disable=SC2016,SC2034
beside_library='-Wl,--enable-new-dtags,-rpath,$ORIGIN/../lib'

# check_backends WHAT NAMES PROGRAM ARGUMENT...: a check for each backend, whose name is put before
# the arguments.
check_backends() {
    about=$1 names=$2 program=$3
    shift 3
    for backend in $names; do
        check "$about, $backend" env ZMALLOC_BACKEND="$backend" "$program" "$backend" "$@"
    done
}
