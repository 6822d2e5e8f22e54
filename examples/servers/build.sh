#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Builds SERVER on zmalloc, and as it is, from a source package. Fetches that with apt, of this system's
# release if it has the series, and builds what is named; ours and stock if nothing is. Run again, it
# fetches nothing and builds only what changed. The system is left as it is, but for the packages that
# building needs, which scripts/setup.sh installs.
#
# usage: examples/SERVER/build.sh [--series SERIES] [--unit-tests] [--no-setup] [ours] [stock...]
#
#   ours              SERVER on zmalloc: one build for all backends
#   stock             SERVER with its own zmalloc.c over STOCK
#   stock-libc        the same over the malloc of the C library, to compare a failing test with
#   stock-system      the same over the system's jemalloc, for the same purpose, if that is another
#   --series SERIES   one of: KNOWN; the first if not said
#   --unit-tests      the tests of its functions as well, if it has some; test.sh then runs them, too
#   --no-setup        install nothing
#
# Everything goes into ${BUILD_DIR:-build-SERVER}, or build-SERVER-SERIES for another series than the
# first; the other scripts take that folder as BUILD_DIR. JOBS says how many compilers run at once. The
# exit status is 77 if there is no source package of this series.

# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"

take_word() {
    # shellcheck disable=SC2086
    need_known build "$1" ours $stock_builds
    wanted="$wanted $1"
}

take_series() {
    # shellcheck disable=SC2086
    need_known series "$1" $known_series
    series=$1
}

no_setup='' wanted='' unit_tests='' series=${known_series%% *}
take_arguments '--series=SERIES --unit-tests --no-setup BUILD...' "$@"
: "${wanted:=ours stock}"
[ -n "${BUILD_DIR:-}" ] || [ "$series" = "${known_series%% *}" ] || build=$build-$series

say() {
    echo "$server: $*"
}

# ---- The library ----

# The flags of the distribution for everything that is compiled here, the library as well.
distribution_flags() {
    export DEB_BUILD_MAINT_OPTIONS=hardening=+all
    eval "$(dpkg-buildflags --export=sh)"
}

meson_setup() {
    [ -f "$build/library/build.ninja" ] || meson setup "$build/library" "$root" \
        --buildtype=plain --prefix="$build/prefix" --libdir=lib -Ddefault_library=shared \
        -Dtests=disabled -Dexamples=disabled -Dbench=disabled -Dtools=disabled -Ddocs=disabled
}

build_library() {
    say 'building zmalloc'
    (
        cd "$root"
        distribution_flags
        logged "$build/library-setup.log" meson_setup
        # Another run may have servers on the library that is installed.
        if [ -f "$build/prefix/installed" ] &&
            ninja -C "$build/library" -n | grep -q '^ninja: no work to do'; then
            return
        fi
        rm -f "$build/prefix/installed"
        logged "$build/library.log" ninja -C "$build/library" -j "$jobs"
        logged "$build/library-install.log" meson install -C "$build/library" --no-rebuild
        touch "$build/prefix/installed"
    )
}

library_flags() {
    PKG_CONFIG_PATH=$build/prefix/lib/pkgconfig pkg-config "$@" "$compat"
}

# ---- The source ----

fetch_source() {
    # shellcheck disable=SC2046
    "$root/scripts/source_package.sh" $(source_options "$series") "$server" "$series" "$build/source"
    case $(cat "$build/source/unpacked") in
    "$series".*) ;;
    *) fail "$build has $server $(cat "$build/source/unpacked"); another BUILD_DIR, please" ;;
    esac
}

# edit FILE TIMES EXPRESSION: with sed, on exactly so many lines.
edit() {
    sed "$3" "$1" >"$1.edited"
    edited=$(diff "$1" "$1.edited" | grep -c '^<' || true)
    [ "$edited" -eq "$2" ] || fail "$1: $edited lines instead of $2 are for: $3"
    cat "$1.edited" >"$1"
    rm "$1.edited"
}

# All that is changed.
port_to_zmalloc() {
    rm "$1/src/zmalloc.c" "$1/src/zmalloc.h"
    edit "$1/src/Makefile" 3 's/ zmalloc\.o//'
    edit "$1/src/Makefile" 1 "s|^FINAL_LIBS=-lm|& $(library_flags --libs)|"
    # If the allocator does not have a name, DEBUG MALLCTL says "No such file or directory". That helps
    # only those who know which allocator is active; ours names it.
    edit "$1/src/debug.c" 3 's/(c, *"%s", strerror(\([rw]*ret\)));/(c,\1 == ENOENT ? '\
'"the active allocator, %s, has no such control" : "%s",\
                \1 == ENOENT ? ZMALLOC_LIB : strerror(\1));/'
    port_more "$1"
}

# A copy of the source for each build, with all its changes or not there, and as old as the source, so
# that make generates nothing again; a new one where the scripts that say what they are, are others.
copy_source() {
    made_by=$(cat "$here/build.sh" "$here/../$server/server.sh" | cksum)
    [ "$(cat "$build/$1/made-by" 2>/dev/null)" != "$made_by" ] || return 0
    rm -rf "$build/$1.part" "${build:?}/$1"
    cp -Rp "$build/source/$server" "$build/$1.part"
    [ "$1" != ours ] || port_to_zmalloc "$build/$1.part"
    echo "$made_by" >"$build/$1.part/made-by"
    mv "$build/$1.part" "$build/$1"
}

# ---- The server ----

# run_make WHICH OPTION...: without TLS and systemd, which have nothing to do with the allocator. The
# git of a folder above is not the server's.
run_make() {
    which=$1
    shift
    say "building $which"
    (
        distribution_flags
        export GIT_CEILING_DIRECTORIES="$build"
        set -- -j "$jobs" BUILD_TLS=no USE_SYSTEMD=no "$@"
        logged "$build/$which.log" make -C "$build/$which/src" "$@" all
        [ -z "$unit_tests" ] || make_unit_tests "$@"
    )
}

# make_unit_tests OPTION...: with the server's options, as other ones would build it again. Where they
# are in C++, their own Makefile links them, and names the server's archives and googletest, but neither
# the server's flags nor its libraries; and ours would come before an archive that needs it.
make_unit_tests() {
    tests=$(unit_program "$build/$which")
    case $tests in
    '') return ;;
    */unit/*) folder=unit ;;
    *) folder=. ;;
    esac
    say "building the unit tests of $which"
    if [ "$which" = ours ]; then
        archives="-Wl,-u,valkey_free $(library_flags --libs) -Wl,-rpath,$build/prefix/lib"
        set -- "$@" GTEST_CFLAGS="$(pkg-config --cflags gtest gmock) $(library_flags --cflags)" \
            GTEST_LIBS="$(pkg-config --libs gtest gmock) $archives"
    fi
    logged "$build/$which-unit-tests.log" make -C "$build/$which/src/$folder" "$@" "$(basename "$tests")"
}

build_ours() {
    run_make ours MALLOC=libc "${make_variables}_CFLAGS=$(library_flags --cflags)" \
        "${make_variables}_LDFLAGS=-Wl,-rpath,$build/prefix/lib"
}

build_server() {
    copy_source "$1"
    case $1 in
    ours) build_ours ;;
    stock)
        # shellcheck disable=SC2046
        run_make stock $(stock_options "$build/stock")
        ;;
    stock-libc) run_make stock-libc MALLOC=libc ;;
    stock-system)
        grep -q USE_SYSTEM_JEMALLOC "$build/stock-system/src/Makefile" ||
            fail "this source has no switch for the system's jemalloc; only Debian's have one"
        # shellcheck disable=SC2086
        run_make stock-system $system_jemalloc
        ;;
    esac
}

# Without apt the fetching below says so.
[ -n "$no_setup" ] || ! command -v apt-get >/dev/null || "$root/scripts/setup.sh" "$server"
jobs=${JOBS:-$(nproc)}
mkdir -p "$build"
# One at a time.
exec 9>"$build/lock"
flock 9
fetch_source
case $wanted in
*ours*) build_library ;;
esac
for which in $wanted; do
    build_server "$which"
done
say "$(for which in $wanted; do printf '%s ' "$build/$which/src/$server-server"; done)"
