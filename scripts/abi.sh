#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The binary interface of the library: its public functions, their parameters, and the structures
# behind them. It is described in tests/gates/libzmalloc.so.1.abi, as abidw of libabigail writes it.
#
# usage: scripts/abi.sh check    compares the library with the description; any difference fails
#        scripts/abi.sh renew    shows the differences and describes the library anew
set -eu

script=abi
# shellcheck source=scripts/arguments.sh
. "$(dirname "$0")/arguments.sh"
LC_ALL=C
export LC_ALL

cd "$(dirname "$0")/.."
stored=tests/gates/libzmalloc.so.1.abi
private=tests/gates/abi.suppressions
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

skip() {
    echo "skipped: abi.sh: $1"
    exit 77
}

# A build of its own: the description must not depend on how the developer's is configured.
build_library() {
    {
        CC=${CC:-cc} meson setup "$work/build" --buildtype=debug -Ddefault_library=shared \
            -Djemalloc=disabled -Dtcmalloc=disabled -Dmimalloc=disabled \
            -Dtests=disabled -Dexamples=disabled -Dbench=disabled -Dtools=disabled -Ddocs=disabled &&
            meson compile -C "$work/build" -j 2 zmalloc
    } >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        exit 1
    }
}

# Without what changes with the folder, and without the private symbols, which abidw leaves in its
# list.
describe() {
    abidw --headers-dir include --drop-private-types --drop-undefined-syms --no-corpus-path \
        --no-comp-dir-path --no-show-locs --no-elf-needed --suppressions "$private" \
        "$work/build/libzmalloc.so.1" |
        sed -e "s,path='[^']*/\(\(src\|backends\|layers\)/[^']*\)',path='\1'," \
            -e "/<elf-symbol .* version='ZMALLOC_PRIVATE'/d" -e '/<elf-variable-symbols>/d' \
            -e '/<\/elf-variable-symbols>/d' >"$work/found.abi"
    if ! grep -q "name='zmalloc' " "$work/found.abi"; then
        fail "abidw finds no zmalloc in the library"
    fi
}

# What an old program would not notice counts, too: a new constant, a new function.
differences() {
    abidiff --harmless --suppressions "$private" "$stored" "$work/found.abi"
}

check() {
    if ! differences; then
        fail "the library is not as in $stored; if that is meant: scripts/abi.sh renew"
    fi
}

renew() {
    if [ -e "$stored" ]; then
        differences || true
    fi
    cp "$work/found.abi" "$stored"
}

case ${1:-} in
check | renew) ;;
*)
    refuse "unknown command '${1:-}'; say check or renew"
    ;;
esac
case $(${CC:-cc} -dumpmachine) in
x86_64-*linux-gnu) ;;
*) skip "the description is that of x86_64 with glibc" ;;
esac
for tool in abidw abidiff meson; do
    command -v "$tool" >/dev/null || skip "there is no $tool"
done
build_library
describe
"$1"
