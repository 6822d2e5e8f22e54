#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# jemalloc from its wrap in a project that has nothing to do with zmalloc: as the malloc of a program,
# shared and static, from the build tree and installed; and as a private copy inside a library.
# shellcheck source-path=SCRIPTDIR source=../consumers/common.sh disable=SC1091
. "$(dirname "$0")/../consumers/common.sh"
need meson ninja tar pkg-config nm readelf

archive=$tree/subprojects/packagecache/jemalloc-5.3.0.tar.bz2
[ -f "$archive" ] || skip "there are no sources; scripts/sources.sh jemalloc gets them"

project=$work/project
mkdir -p "$project/subprojects/packagefiles" "$project/subprojects/packagecache"
cp "$here"/jemalloc/* "$project"
cp "$tree/subprojects/jemalloc.wrap" "$project/subprojects"
cp -R "$tree/subprojects/packagefiles/jemalloc" "$project/subprojects/packagefiles"
cp "$archive" "$project/subprojects/packagecache"

# Not the jemalloc that may be installed on the machine.
setup_project() {
    build=$work/$1
    shift
    meson setup --wrap-mode=forcefallback -Dlibdir=lib --prefix="$work/usr" $quick "$@" "$build" "$project"
}

# What the copy must not leave behind: an exported symbol, a constructor, a name that another jemalloc
# has.
exports_nothing() {
    exported=$(nm -D --defined-only "$build/libhost.so" | sed 's/.* //')
    echo "exported: $exported"
    [ "$exported" = host_run ]
}

has_no_constructor() {
    ! readelf -SW "$build"/subprojects/jemalloc-*/libjemalloc_private.a.p/*.o | grep -E '\.(init_array|ctors)'
}

has_names_of_its_own() {
    # shellcheck disable=SC2046
    ! nm --defined-only -g $(find "$build/subprojects" -name '*.o') | sed -n 's/.* [A-Z] //p' | grep -v '^my_je_'
}

check "the wrap gives dependency('jemalloc')" setup_project both -Ddefault_library=both
check "it builds" meson compile -C "$build" -j 2
check "it is the program's malloc, shared and static" meson test -C "$build" --no-rebuild --print-errorlogs
check "it can be installed" meson install -C "$build" --no-rebuild
check "with its licence" grep -q 'Jason Evans' "$work/usr/share/licenses/jemalloc/COPYING"

with_pkg_config() {
    flags=$(PKG_CONFIG_PATH=$work/usr/lib/pkgconfig pkg-config --cflags --libs jemalloc) || return 1
    # shellcheck disable=SC2086
    compile_c "$here/jemalloc/use.c" -o "$work/use" $flags -pthread -Wl,-rpath,"$work/usr/lib"
}
check "pkg-config finds what was installed" with_pkg_config
check "a program with it runs" "$work/use" replaced

check "a private copy inside a library" setup_project copy -Dcopy=true -Dlate=true \
    -Djemalloc_options=late_tls=true
check "it builds as a copy" meson compile -C "$build" -j 2
check "it is beside malloc, shared, static and opened late" meson test -C "$build" --no-rebuild \
    --print-errorlogs
check "nothing of it is exported" exports_nothing
check "it does not start by itself" has_no_constructor
check "all its names begin with the prefix" has_names_of_its_own

copy_without_prefix() {
    ! setup_project wrong -Dcopy=true -Djemalloc_options=symbol_prefix=
}
check "a copy without a prefix is refused" copy_without_prefix
check "and the message says why" grep -q "a private copy cannot be the process's malloc" \
    "$build/meson-logs/meson-log.txt"
