#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# An allocator's wrap as an ordinary dependency of a project that has nothing to do with zmalloc: as a
# fallback, shared and static, then installed. The source is what scripts/sources.sh or Meson has put
# into place. Arguments: the source tree of zmalloc, and mimalloc or gperftools.
# shellcheck source-path=SCRIPTDIR source=../consumers/common.sh disable=SC1091
. "$(dirname "$0")/../consumers/common.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/wraps.sh disable=SC1091
. "$tree/scripts/wraps.sh"
need meson ninja pkg-config

name=$2
case $name in
mimalloc) package=mimalloc define=USE_MIMALLOC ;;
gperftools) package=libtcmalloc_minimal define=USE_TCMALLOC ;;
esac

# ---- The source ----

has_source "$name" || skip "there is no source of $name; scripts/sources.sh puts it into place"
folder=$(of_wrap "$name" directory)
archive=packagecache/$(of_wrap "$name" source_filename)

# A folder gets our build files as they are now.
copy_source() {
    mkdir -p "$project/subprojects/packagecache" "$project/subprojects/packagefiles"
    cp "$subprojects/$name.wrap" "$project/subprojects"
    cp -R "$subprojects/packagefiles/$name" "$project/subprojects/packagefiles"
    if [ -d "$subprojects/$folder" ]; then
        cp -R "$subprojects/$folder" "$project/subprojects"
        cp -R "$subprojects/packagefiles/$name/." "$project/subprojects/$folder"
    else
        cp "$subprojects/$archive" "$project/subprojects/packagecache"
    fi
}

make_project() {
    project=$work/project
    mkdir "$project"
    cp "$here/$name"/meson* "$here"/*.c "$project"
    copy_source
}

# ---- The project ----

setup() {
    meson setup "$project/$build" "$project" --force-fallback-for="$package" --wrap-mode=nodownload \
        --prefix="$work/$build" -Dlibdir=lib -Dbuildtype=release "$@"
}

says_no_warning() {
    absent WARNING "$project/$build/meson-logs/meson-log.txt"
}

try() {
    build=$1
    shift
    check "$build: $package is found" setup "$@"
    check "$build: without a warning of Meson" says_no_warning
    check "$build: it builds" meson compile -C "$project/$build" -j 2
    check "$build: it runs" meson test -C "$project/$build" --no-rebuild --print-errorlogs
}

# ---- Installed ----

has_licence() {
    find "$work/$build/share/doc/$name" -type f | grep -E '/(LICENSE|COPYING)$'
}

# links ARGUMENT...: a program that pkg-config helps to build, and the C compiler alone links it.
# shellcheck disable=SC2046
links() {
    compile_c -D_GNU_SOURCE -D"$define" -DEXPECT_OVERRIDE "$here/use.c" -o "$work/$build/bin/mine" \
        $(flags_of_library --cflags) -pthread $(flags_of_library --libs "$@") \
        -Wl,-rpath,"$work/$build/lib"
}

try_installed() {
    prefix=$work/$build place=$work/$build
    check "$build: it is installed" meson install -C "$project/$build" --no-rebuild
    check "$build: with its licence" has_licence
    check "$build: pkg-config and the C compiler link a program with it" links "$@"
    check "$build: that program runs" "$work/$build/bin/mine"
}

make_project
try shared -Ddefault_library=shared
try_installed
try static -Ddefault_library=static
try_installed --static
try left_alone -Ddefault_library=shared "-D$name:override=false" -Dexpect_override=false

# ---- What cannot be had ----

says_why() {
    build=without_cpp
    ! CXX=/nonexistent setup -Ddefault_library=shared >"$work/said" 2>&1 || return 1
    cat "$work/said"
    grep -q 'ERROR: .*gperftools: tcmalloc is written in C++, and there is no C++ compiler' "$work/said"
}

if [ "$name" = gperftools ]; then
    check "without a C++ compiler one line says so" says_why
fi
