#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# C++ programs, by each compiler that is there: the headers, an exception that passes through the
# library, and zmalloc.hpp in each standard and over each standard library.
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

standards='c++17 c++20 c++2b'
optimised=-O2

# compile_cxx COMPILER STANDARD ARGUMENT...
# shellcheck disable=SC2086
compile_cxx() {
    compiler=$1 standard=$2
    shift 2
    $compiler -std=$standard $optimised -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror "$@"
}

install_library both "$work/prefix" -Ddefault_library=both
mkdir -p "$prefix/bin"

# build_shared COMPILER STANDARD PROGRAM: leaves $work/PROGRAM.o.
# shellcheck disable=SC2046
build_shared() {
    compile_cxx "$1" "$2" -c "$here/$3.cpp" -o "$work/$3.o" $(flags_of_library --cflags) &&
        compile_cxx "$1" "$2" "$work/$3.o" -o "$prefix/bin/$3" $(flags_of_library --libs) \
            "$beside_library"
}

# link_static COMPILER STANDARD PROGRAM: of $work/PROGRAM.o.
# shellcheck disable=SC2046
link_static() {
    compile_cxx "$1" "$2" "$work/$3.o" -o "$work/$3-static" "$prefix/lib/libzmalloc.a" \
        $(flags_of_library --static --libs | sed 's/-lzmalloc//')
}

# ---- An exception that passes through the library ----

check_exception() {
    check "$1: a program builds without a warning" build_shared "$1" c++17 catch
    check_backends "$1: the exception is caught" "$backends" "$prefix/bin/catch"
    check "$1: a program links the static library" link_static "$1" c++17 catch
    check_backends "$1, static: the exception is caught" "$in_archive" "$work/catch-static"
}

# ---- The same where the linker compiles ----

# Of the compiler that the library is built with: only that one reads its objects.
lto_compiler() {
    case $(${CC:-cc} --version) in
    *clang*) echo clang++ ;;
    *) echo g++ ;;
    esac
}

# can_link_so COMPILER
can_link_so() {
    echo 'int main() { return 0; }' >"$work/empty.cpp"
    "$1" -flto "$work/empty.cpp" -o "$work/empty" >"$work/output" 2>&1
}

# build_lto COMPILER OUTPUT LIBRARY...
# shellcheck disable=SC2046
build_lto() {
    compiler=$1 output=$2
    shift 2
    compile_cxx "$compiler -flto" c++17 "$here/catch.cpp" -o "$output" \
        $(flags_of_library --cflags) "$@" "$beside_library"
}

check_lto() {
    install_library lto "$work/lto" -Dtools=disabled -Ddocs=disabled -Ddefault_library=both \
        -Db_lto=true -Dbuildtype=release
    mkdir -p "$prefix/bin"
    # shellcheck disable=SC2046
    check "$1 -flto: a program builds" build_lto "$1" "$prefix/bin/catch" \
        $(flags_of_library --libs)
    check_backends "$1 -flto: the exception is caught" "$backends" "$prefix/bin/catch"
    # shellcheck disable=SC2046
    check "$1 -flto: a program links the static library" build_lto "$1" "$work/catch-lto" \
        "$prefix/lib/libzmalloc.a" $(flags_of_library --static --libs | sed 's/-lzmalloc//')
    check_backends "$1 -flto, static: the exception is caught" "$in_archive" "$work/catch-lto"
}

# ---- zmalloc.hpp ----

# Whether the compiler has this, a standard or a library.
can() {
    printf '#include <cstddef>\nint main() { return 0; }\n' >"$work/empty.cpp"
    compile_cxx "$1" "$2" "$work/empty.cpp" -o "$work/empty" 2>/dev/null
}

# check_header COMPILER STANDARD
check_header() {
    check "$1 -std=$2: a program with zmalloc.hpp builds" build_shared "$1" "$2" own
    check_backends "$1 -std=$2: it runs" "$backends" "$prefix/bin/own"
    check "$1 -std=$2: it links the static library" link_static "$1" "$2" own
    check_backends "$1 -std=$2, static: it runs" "$in_archive" "$work/own-static"
}

check_header_in_all() {
    for standard in $standards; do
        # Compiling takes most of the time here, so only the first is optimised.
        [ "$standard" = c++17 ] || optimised=-O0
        if can "$1" "$standard"; then
            check_header "$1" "$standard"
        else
            echo "skipped: $script: $1 has no -std=$standard"
        fi
    done
    optimised=-O2
    # clang's own library, which has no std::pmr before 16.
    case $1 in
    *clang*)
        if can "$1 -stdlib=libc++" c++17; then
            check_header "$1 -stdlib=libc++" c++17
        else
            echo "skipped: $script: $1 has no libc++"
        fi
        ;;
    esac
}

echo "$compilers" | sort -u >"$work/compilers"
while read -r compiler; do
    if [ -z "$compiler" ]; then
        continue
    fi
    check_exception "$compiler"
    check_header_in_all "$compiler"
done <"$work/compilers"

if can_link_so "$(lto_compiler)"; then
    check_lto "$(lto_compiler)"
else
    echo "skipped: $script: $(lto_compiler) -flto does not link"
fi
