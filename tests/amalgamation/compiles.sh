#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The one file compiles with nothing but the compiler, each of this machine and with many flags, without
# a warning; it shows nothing to others but what the header declares; and it says what it cannot be.
# shellcheck source-path=SCRIPTDIR source=made.sh disable=SC1091
. "$(dirname "$0")/made.sh"
need readelf

gcc=$(first_of gcc)
clang=$(first_of clang clang-14)
object=$work/zmalloc.o

# ---- The same sources make the same files ----

make_twice() {
    PYTHONHASHSEED=1 amalgamate "$work/first" && PYTHONHASHSEED=2 amalgamate "$work/second"
}
check "it is made twice" make_twice
check "both are the same" diff -r "$work/first" "$work/second"

# ---- Flags ----

# compiles COMPILER FLAG...
compiles() {
    if [ -n "$1" ] && can "$@"; then
        check "it compiles: $*" compile "$object" "$@"
    else
        not_here "no programs with: $*"
    fi
}

for compiler in "$gcc" "$clang"; do
    for standard in c11 gnu2x; do
        compiles "${compiler:-clang}" -fsyntax-only -std="$standard"
    done
    compiles "${compiler:-clang}" -fsyntax-only -Wpedantic -DZMALLOC_NO_UNWINDER -DZMALLOC_NO_NATIVE
done
if echo '#include <sys/sdt.h>' | ${CC:-cc} -E - >/dev/null 2>&1; then
    compiles "${CC:-cc}" -O2 -DZMALLOC_PROBES
else
    not_here "no sys/sdt.h: -DZMALLOC_PROBES"
fi
compiles "${clang:-clang}" -O2
compiles "${gcc:-gcc}" -O3
compiles "${gcc:-gcc}" -O0 -m32
compiles "${gcc:-gcc}" -fsyntax-only -fsanitize=thread
compiles musl-gcc -fsyntax-only -static
allocators >"$work/allocators"
while read -r _ macro _; do
    compiles "${CC:-cc}" -fsyntax-only "$macro"
done <"$work/allocators"

# ---- Names ----

# symbols PATTERN: the names of global symbols that are "here HIDDEN", "elsewhere DEFAULT" and so on.
symbols() {
    readelf -sW "$object" | awk '$5 != "LOCAL" && $8 != "" {
        where = $7 == "UND" ? "elsewhere" : "here"; print where, $6, $8 }' | sed -n "s/^$1 //p" | sort
}

no_symbol() {
    symbols "$1" >"$work/symbols"
    cat "$work/symbols"
    [ ! -s "$work/symbols" ]
}

names_of_header() {
    sed -n 's/^#define [a-z_]* \(zml_[a-z_]*\)$/\1/p' "$tree/include/zmalloc/names.h" | sort
}

check "it compiles: ${CC:-cc} -O2" compile "$object" "${CC:-cc}" -O2
symbols 'here [A-Z]*' >"$work/defined"
check "it has the functions" grep -q -x zml_zmalloc "$work/defined"
grep -v -E '^(zml_|zm_)' "$work/defined" >"$work/others" || true
same "all of its names are ours" /dev/null "$work/others"
check "all of its names are hidden" no_symbol 'here [^H][A-Z]*'
check "names of others are not" no_symbol 'elsewhere [^D][A-Z]*'
check "it compiles, exporting" compile "$object" "${CC:-cc}" -O0 -DZMALLOC_EXPORT
symbols 'here DEFAULT' >"$work/exported"
names_of_header >"$work/names"
same "what it exports is what the header declares" "$work/names" "$work/exported"

# ---- What it cannot be ----

# refuses TEXT COMPILER FLAG...
refuses() {
    text=$1
    shift
    ! compile /dev/null "$@" -fsyntax-only 2>"$work/said" && grep -F "$text" "$work/said"
}

check "it is no C99" refuses 'zmalloc.c needs C11' "${CC:-cc}" -std=gnu99
if command -v "${CXX:-c++}" >/dev/null; then
    check "it is no C++" refuses 'zmalloc.c is C' "${CXX:-c++}" -x c++
fi

# ---- The headers ----

# accepts HEADER COMPILER STANDARD: alone and twice.
accepts() {
    printf '#include "%s"\n#include "%s"\nextern int not_empty;\n' "$1" "$1" >"$work/alone.c"
    case $3 in
    *++*) language=c++ ;;
    *) language=c ;;
    esac
    # shellcheck disable=SC2086
    $2 -x "$language" -std="$3" -I"$made" -Wall -Wextra -Wpedantic -Wshadow -Werror -fsyntax-only \
        "$work/alone.c"
}

for standard in c99 c11; do
    for header in zmalloc.h zmalloc_adapters.h; do
        check "$header by itself, $standard" accepts "$header" "${CC:-cc}" "$standard"
    done
done
if command -v "${CXX:-c++}" >/dev/null; then
    check "zmalloc.h by itself, c++11" accepts zmalloc.h "${CXX:-c++}" c++11
    check "zmalloc_adapters.h by itself, c++17" accepts zmalloc_adapters.h "${CXX:-c++}" c++17
    for header in zmalloc.hpp zmalloc_new_delete.hpp; do
        check "$header by itself, c++17" accepts "$header" "${CXX:-c++}" c++17
    done
else
    not_here "there is no C++ compiler"
fi
