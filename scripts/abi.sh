#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Guards the binary interface of the library: its public functions, their parameters, and the
# structures behind them. tests/gates/libzmalloc.so.1.abi describes it, as abidw of libabigail writes it.
#
# usage: scripts/abi.sh check    compares the library with the description; any difference fails
#        scripts/abi.sh renew    shows the differences and writes a new description
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

LC_ALL=C
export LC_ALL
command=''

take_word() {
    need_known command "$1" check renew
    [ -z "$command" ] || refuse "say check or renew, not both"
    command=$1
}

take_arguments 'check renew' "$@"
[ -n "$command" ] || refuse "say check or renew"

cd "$(dirname "$0")/.."
stored=tests/gates/libzmalloc.so.1.abi
private=tests/gates/abi.suppressions
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

skip() {
    echo "skipped: abi: $1"
    exit 77
}

# The description must not depend on how the developer's build is configured.
build_library() {
    CC=${CC:-cc} meson setup "$work/build" --buildtype=debug -Ddefault_library=shared \
        -Djemalloc=disabled -Dtcmalloc=disabled -Dmimalloc=disabled \
        -Dtests=disabled -Dexamples=disabled -Dbench=disabled -Dtools=disabled -Ddocs=disabled &&
        meson compile -C "$work/build" -j 2 zmalloc
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
    grep -q "name='zmalloc' " "$work/found.abi" || fail "abidw finds no zmalloc in the library"
}

# What an old program would not notice counts, too: a new constant, a new function.
differences() {
    abidiff --harmless --suppressions "$private" "$stored" "$work/found.abi"
}

check() {
    differences || fail "the library differs from $stored; if it should: scripts/abi.sh renew"
}

renew() {
    if [ -e "$stored" ]; then
        differences || true
    fi
    cp "$work/found.abi" "$stored"
}

case $(${CC:-cc} -dumpmachine) in
x86_64-*linux-gnu) ;;
*) skip "the description is that of x86_64 with glibc" ;;
esac
for tool in abidw abidiff meson; do
    command -v "$tool" >/dev/null || skip "there is no $tool"
done
logged "$work/build.log" build_library
describe
"$command"
