#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Programs that have the one file among their own: on each backend that can be in it, with layers, with
# link-time optimization, with a sanitizer, with musl, in C++, and twice in one process.
# shellcheck source-path=SCRIPTDIR source=made.sh disable=SC1091
. "$(dirname "$0")/made.sh"

# link PROGRAM COMPILER FLAG... FILE...: what the header comment of zmalloc.c says.
link() {
    program=$1 with=$2
    shift 2
    # shellcheck disable=SC2046,SC2086
    $with -Wall -Wextra -Werror -I"$made" "$@" $(unwinder_of "$with") -o "$program" -pthread
}

# ---- On its backends, with its layers ----

ours=$work/zmalloc.o
use=$work/use
check "it compiles" compile "$ours" "${CC:-cc}" -O2 -fexceptions -fPIC -DZMALLOC_LATE_OPEN
check "a program builds" link "$use" "${CC:-cc}" "$here/use.c" "$ours"
check "libc is the default" "$use" libc
check_backends "a program works" 'libc native debug+libc debug+native' "$use"
check_backends "the layer fail works" 'fail+libc fail+native' "$use" fail

# finds_overflow BACKEND: and says where the block was allocated.
finds_overflow() {
    ended=0
    # Where a core file is in nobody's way.
    (cd "$work" && ZMALLOC_BACKEND=$1 exec "$use" "$1" overflow) 2>"$work/said" || ended=$?
    cat "$work/said"
    [ "$ended" -eq 134 ] && grep -q 'zmalloc: .*100 bytes' "$work/said" &&
        grep -q -F 'use+0x' "$work/said"
}
check "the layer debug finds an overflow" finds_overflow debug+libc

# refused BACKEND WHY: the variable's value and what is said of it.
refused() {
    ZMALLOC_BACKEND=$1 ends_with 78 "zmalloc: ZMALLOC_BACKEND=\"$1\": \"$1\": $2; available: libc native" \
        "$use" "$1"
}
check "an unknown name is an error" refused nativ 'unknown backend (did you mean native?)'
check "jemalloc is not in it" refused jemalloc \
    'not in this build: zmalloc.c has none; the library that Meson builds has'
check "mimalloc has to be asked for" refused mimalloc \
    'not in this build: zmalloc.c was compiled without -DZMALLOC_WITH_MIMALLOC'
check "tcmalloc has to be asked for" refused tcmalloc \
    'not in this build: zmalloc.c was compiled without -DZMALLOC_WITH_TCMALLOC'

# ---- Compiled in other ways ----

# works WHAT BACKEND COMPILER FLAG...: compiles and links both files at once.
works() {
    about=$1 backend=$2 with=$3
    shift 3
    if can "$with" "$@" && "$work/empty" 2>"$work/output"; then
        check "$about: it builds" link "$work/other" "$with" "$@" "$here/use.c" "$made/zmalloc.c"
        check "$about: it works" "$work/other" "$backend"
    else
        not_here "$about: no programs with $with $*"
    fi
}

works "another default" native "${CC:-cc}" -O0 '-DZMALLOC_DEFAULT_BACKEND="mimalloc,native"'
works "optimized as one" libc "${CC:-cc}" -O2 -flto
works "a sanitizer" libc "${CC:-cc}" -O0 -fsanitize=address
works "musl, static" libc musl-gcc -O0 -static
works "glibc, static" libc "${CC:-cc}" -O0 -static
works "32 bits" libc "${CC:-cc}" -O0 -m32
allocators >"$work/allocators"
while read -r backend macro library; do
    check "$backend: it compiles" compile "$work/$backend.o" "${CC:-cc}" -O0 "$macro"
    check "$backend: a program builds" \
        link "$work/$backend" "${CC:-cc}" "$here/use.c" "$work/$backend.o" "$library"
    check_backends "$backend: a program works" "$backend debug+$backend libc" "$work/$backend"
done <"$work/allocators"
[ -s "$work/allocators" ] || not_here "there are neither mimalloc nor tcmalloc"

# ---- Twice in one process ----

copies=$here/../consumers/copies
build_plugin() {
    link "$work/plugin.so" "${CC:-cc}" -shared -fPIC "$copies/plugin.c" "$ours"
}
check "a program builds that opens a plug-in" \
    link "$work/program" "${CC:-cc}" -rdynamic "$copies/program.c" "$ours" -ldl
check "a plug-in builds with a copy of its own" build_plugin
check_backends "the two stay apart" 'libc native' "$work/program" "$work/plugin.so" apart
check "a program builds that closes one" link "$work/closing" "${CC:-cc}" "$copies/closing.c" -ldl
check_backends "it is closed while threads end" 'libc native' "$work/closing" "$work/plugin.so"

# ---- In C++ ----

cxx=${CXX:-c++}
if can "$cxx" -x c++; then
    # Its sources ask for the headers that are one here.
    mkdir "$work/headers"
    echo '#include <zmalloc.h>' >"$work/headers/zmalloc_backend.h"
    check "a program in C++ builds" link "$work/catch" "$cxx" -std=c++17 -I"$work/headers" \
        "$here/../consumers/catch.cpp" "$ours"
    check_backends "an exception is caught" 'libc native' "$work/catch"
else
    not_here "there is no C++ compiler"
fi
