#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Each header that is installed, alone and twice, in every standard that a program may ask for, with
# each compiler of this machine, without a warning.
# shellcheck source-path=SCRIPTDIR/../consumers source=../consumers/common.sh disable=SC1091
. "$(dirname "$0")/../consumers/common.sh"
need meson ninja gcc g++

compilers=gcc
for clang in clang clang-14; do
    if command -v "$clang" >/dev/null; then
        compilers="gcc $clang"
        break
    fi
done

build_library prefix -Djemalloc=disabled -Dtcmalloc=disabled -Dmimalloc=disabled

# compiles HEADER COMPILER: in each standard; says which it does not.
compiles() {
    printf '#include "%s"\n#include "%s"\nextern int not_empty;\n' "$1" "$1" >"$work/alone.c"
    for standard in c99 c11 gnu11 c17 c++11 c++17 gnu++17 c++20; do
        case $standard in
        *++*) language=c++ ;;
        *) language=c ;;
        esac
        echo "-std=$standard"
        "$2" -x "$language" -std="$standard" -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
            -Wundef -Werror -fsyntax-only "$work/alone.c" || return 1
    done
}

find "$prefix/include" -name '*.h' | sort >"$work/installed"
check "headers are installed" grep -q '/zmalloc\.h$' "$work/installed"
check "every header of the tree is" \
    test "$(find "$tree/include" -name '*.h' | wc -l)" -eq "$(wc -l <"$work/installed")"
while read -r header; do
    for compiler in $compilers; do
        check "${header#"$prefix/include/"} alone, $compiler" compiles "$header" "$compiler"
    done
done <"$work/installed"
