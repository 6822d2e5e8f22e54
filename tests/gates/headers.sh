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

c_standards='c99 c11 gnu11 c17'
cxx_standards='c++17 gnu++17 c++20 c++2b'
all_standards="$c_standards c++11 $cxx_standards"

# accepts HEADER COMPILER STANDARD
accepts() {
    printf '#include "%s"\n#include "%s"\nextern int not_empty;\n' "$1" "$1" >"$work/alone.c"
    case $3 in
    *++*) language=c++ ;;
    *) language=c ;;
    esac
    # shellcheck disable=SC2086
    $2 -x "$language" -std="$3" -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
        -Wundef -Werror -fsyntax-only "$work/alone.c"
}

# compiles HEADER COMPILER STANDARD...: in each; says in which it does not.
compiles() {
    header=$1 with=$2
    shift 2
    for standard; do
        echo "-std=$standard"
        accepts "$header" "$with" "$standard" || return 1
    done
}

# refuses HEADER COMPILER STANDARD...: in each it says which header is right.
refuses() {
    header=$1 with=$2
    shift 2
    for standard; do
        echo "-std=$standard"
        ! accepts "$header" "$with" "$standard" 2>"$work/said" || return 1
        grep -q 'older C++ have zmalloc\.h' "$work/said" || return 1
    done
}

find "$prefix/include" -name '*.h' -o -name '*.hpp' | sort >"$work/installed"
check "headers are installed" grep -q '/zmalloc\.h$' "$work/installed"
check "and for C++" grep -q '/zmalloc\.hpp$' "$work/installed"
check "every header of the tree is" test \
    "$(find "$tree/include" -name '*.h' -o -name '*.hpp' | wc -l)" -eq "$(wc -l <"$work/installed")"
# shellcheck disable=SC2086
while read -r header; do
    name=${header#"$prefix/include/"}
    for compiler in $compilers; do
        case $name in
        *.hpp)
            check "$name alone, $compiler" compiles "$header" "$compiler" $cxx_standards
            check "$name without RTTI and exceptions, $compiler" \
                compiles "$header" "$compiler -fno-rtti -fno-exceptions" $cxx_standards
            check "$name is refused as C and as older C++, $compiler" \
                refuses "$header" "$compiler" $c_standards c++11 c++14
            ;;
        *) check "$name alone, $compiler" compiles "$header" "$compiler" $all_standards ;;
        esac
    done
done <"$work/installed"
