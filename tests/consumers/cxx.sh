#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# C++17 programs, by each compiler that is there: the headers, and an exception that passes through
# the library.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"
need meson ninja pkg-config

compilers=
for compiler in ${CXX:+"$CXX"} g++ clang++; do
    # Without the words before it, as in "ccache g++".
    if command -v "${compiler##* }" >/dev/null; then
        compilers="$compilers$compiler
"
    fi
done
if [ -z "$compilers" ]; then
    skip "there is no C++ compiler"
fi

# compile_cxx COMPILER ARGUMENT...
# shellcheck disable=SC2086
compile_cxx() {
    compiler=$1
    shift
    $compiler -std=c++17 -O2 -Wall -Wextra -Wpedantic -Werror "$@"
}

build_library prefix -Ddefault_library=both

# shellcheck disable=SC2046
build_shared() {
    mkdir -p "$prefix/bin"
    compile_cxx "$1" "$here/catch.cpp" -o "$prefix/bin/catch" \
        $(flags_of_library --cflags --libs) "$beside_library"
}

# shellcheck disable=SC2046
build_static() {
    compile_cxx "$1" "$here/catch.cpp" -o "$work/catch-static" $(flags_of_library --cflags) \
        "$prefix/lib/libzmalloc.a" $(flags_of_library --static --libs | sed 's/-lzmalloc//')
}

echo "$compilers" | sort -u >"$work/compilers"
while read -r compiler; do
    if [ -z "$compiler" ]; then
        continue
    fi
    check "$compiler: a program builds without a warning" build_shared "$compiler"
    check_backends "$compiler: the exception is caught" "$backends" "$prefix/bin/catch"
    check "$compiler: a program links the static library" build_static "$compiler"
    check_backends "$compiler, static: the exception is caught" "$built_in" "$work/catch-static"
done <"$work/compilers"
