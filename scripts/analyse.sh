#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Reads the C sources of the library, the command, the fuzzers, the benchmarks and the examples with
# three analysers. Any finding is an error. What they leave out, and why, is in .clang-tidy, in
# scripts/cppcheck.suppressions, and here. The tests misuse memory on purpose; sanitizers and valgrind
# look at them.
#
# usage: scripts/analyse.sh [tidy|cppcheck|analyzer]...    all three if not said
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

LC_ALL=C
export LC_ALL
analysers=''

take_word() {
    need_known analyser "$1" tidy cppcheck analyzer
    analysers="$analysers $1"
}

take_arguments 'tidy cppcheck analyzer' "$@"
: "${analysers:=tidy cppcheck analyzer}"

cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
build=$work/build
jobs=$(getconf _NPROCESSORS_ONLN)

need() {
    command -v "$1" >/dev/null || fail "there is no $1; scripts/setup.sh ci installs it"
}

# Every part that this machine can build; nothing is compiled, but the header is made that the build makes.
configure() {
    need meson
    need gcc
    logged "$work/setup.log" env CC=gcc CXX=g++ \
        meson setup "$build" -Dtests=disabled -Dtools=enabled -Dfuzz=enabled
    ninja -C "$build" --quiet build.h
    ninja -C "$build" -t commands | grep ' -c [^ ]*\.c$' >"$work/compilations"
}

# For each line of a file, as many at once as there are processors: the command with the line as $1,
# in the folder of the build.
for_each_line() {
    (cd "$build" && xargs -d '\n' -n 1 -P "$jobs" sh -c "$2" sh <"$1")
}

tidy() {
    need clang-tidy-14
    sed 's/.* -c //' "$work/compilations" | sort -u >"$work/files"
    # On stderr it counts what it leaves out.
    # shellcheck disable=SC2016
    for_each_line "$work/files" 'clang-tidy-14 -p . --quiet "$1" 2>stderr.$$ || {
        cat stderr.$$
        exit 1
    }'
}

# Style is left out: it is of one opinion, and the compilers already warn of shadowing.
cppcheck_all() {
    need cppcheck
    cppcheck --quiet -j "$jobs" --project="$build/compile_commands.json" \
        --enable=warning,performance,portability --library=posix,gnu \
        --suppressions-list=scripts/cppcheck.suppressions --error-exitcode=1
}

# As it is built, where functions are joined, and without the optimizer, which takes away what is of
# no use; without exceptions, which gcc 12 expects of fopen() as well. What else it takes for a fault,
# and in which file:
#   libc.c, libc_preload.c   the address given out is one within what malloc returned: the block is not lost
#   late_library.c   what dlsym returned is lost from sight in the loop
#   zmalloc.c, functions.c, wordcount.c, flame.c, symbols.c   a block that is returned, or kept in a table, is not lost
#   debug.c   a structure that a function of another file returned has its values from there
analyzer() {
    for optimizer in '' ' -O0'; do
        sed -e "s| -MD .* -c |$optimizer -fno-exceptions -fanalyzer -Werror -o /dev/null -c |" \
            -e '/\/\(backends\/libc\|backends\/libc_preload\|preload\/functions\|src\/zmalloc\|wordcount\|profile\/flame\|profile\/symbols\)\.c$/s/$/ -Wno-analyzer-malloc-leak/' \
            -e '/\/\(os\/late_library\|layers\/debug\/debug\)\.c$/s/$/ -Wno-analyzer-use-of-uninitialized-value/' \
            "$work/compilations"
    done >"$work/commands"
    # shellcheck disable=SC2016
    for_each_line "$work/commands" 'eval "$1"'
}

configure
for name in $analysers; do
    started=$(date +%s)
    case $name in
    tidy) tidy ;;
    cppcheck) cppcheck_all ;;
    analyzer) analyzer ;;
    esac
    echo "$name: nothing found ($(($(date +%s) - started)) s)"
done
