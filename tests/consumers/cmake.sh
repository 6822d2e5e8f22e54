#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The installed library, found by CMake: shared and static, in C and C++, moved elsewhere; versions
# that it is, and is not.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"
need meson ninja cmake c++

# What the caller has set must not decide which is found.
unset CMAKE_PREFIX_PATH CMAKE_GENERATOR zmalloc_DIR zmalloc_ROOT

project=$work/project
mkdir "$project"
cp "$here/cmake/CMakeLists.txt" "$here/use.c" "$here/own.cpp" "$tree"/tests/compat/*.[ch] \
    "$tree/tests/headers/pointers.h" "$project"

# configure FOLDER LANGUAGES ASK ARGUMENT...
configure() {
    folder=$work/$1 languages=$2 ask=$3
    shift 3
    cmake -S "$project" -B "$folder" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" \
        -DLANGUAGES="$languages" -DASK="$ask" "$@"
}

# build_programs FOLDER LANGUAGES: sets $programs.
build_programs() {
    programs=$work/$1
    check "$1: the project finds it" configure "$1" "$2" 1.0
    check "$1: it is built" cmake --build "$programs" -j 2
}

check_servers() {
    for server in redis7 valkey9; do
        check_backends "$1: $server runs" "$2" "$programs/$server"
    done
}

# The static library is in them.
check_static() {
    check_backends "$1: C runs" "$in_archive" "$programs/use$2" nowhere
    check_backends "$1: C++ runs" "$in_archive" "$programs/own$2"
}

check_all() {
    check_backends "$1: C runs" "$backends" "$programs/use" "$prefix/lib"
    check_backends "$1: C++ runs" "$backends" "$programs/own"
    check_servers "$1" "$backends"
    check_static "$1, zmalloc::static" -static
}

# ---- Shared and static, where it was installed and elsewhere ----

install_library both "$work/prefix" -Ddefault_library=both
cat "$prefix"/lib/cmake/zmalloc/* >"$work/config"
check "its files do not say where they are" absent "$place" "$work/config"
build_programs both 'C;CXX'
check_all both

build_programs C C
check_backends "C alone runs" "$backends" "$programs/use" "$prefix/lib"
build_programs CXX CXX
check_backends "C++ alone runs" "$backends" "$programs/own"

mv "$prefix" "$work/elsewhere"
prefix=$work/elsewhere
rm -rf "$work/both"
build_programs moved 'C;CXX'
check_all moved

# ---- What it is not ----

# is_refused WHY LANGUAGES ASK ARGUMENT...: CMake ends with an error that says so.
is_refused() {
    why=$1
    shift
    rm -rf "$work/refused"
    ! configure refused "$@" >"$work/said" 2>&1 || return 1
    cat "$work/said"
    tr '\n' ' ' <"$work/said" | tr -s ' ' | grep -q -F "$why"
}

check "another version is refused" is_refused 'version: 1.0.0' 'C;CXX' 2.0
check "an unknown component is refused" \
    is_refused 'there is no turbo in this installation' 'C;CXX' '1.0;COMPONENTS;turbo'
check "known components are found" configure known 'C;CXX' '1.0;COMPONENTS;static;redis7;valkey9'
echo 'int main(void) { return 0; }' >"$work/empty.c"
if compile_c -m32 "$work/empty.c" -o "$work/empty" 2>/dev/null; then
    check "a project of another size of pointers is refused" \
        is_refused '1.0.0, for pointers of' C 1.0 -DCMAKE_C_FLAGS=-m32
else
    echo "skipped: $script: the compiler makes no other size of pointers"
fi

# ---- Through a link, as from /lib to /usr/lib ----

mkdir "$work/root"
ln -s "$prefix/lib" "$work/root/lib"
prefix=$work/root
check "through a link it is found" configure linked 'C;CXX' 1.0
check "and a program is built" cmake --build "$work/linked" --target use

# ---- Static alone, and where Debian has its libraries ----

multiarch=$(${CC:-cc} -print-multiarch 2>/dev/null) || multiarch=
install_library static "$work/static" $quick -Ddefault_library=static \
    -Dlibdir="lib${multiarch:+/$multiarch}"
build_programs static 'C;CXX'
check_static static ''
check_servers static "$in_archive"
