#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Builds Redis on zmalloc, and as it is, from the source package of this system's release. Fetches the
# source package redis 7.0 with apt, and builds what is named; ours and stock if nothing is. Run again,
# it fetches nothing and builds only what changed. The system is left as it is, but for the packages
# that building needs, which scripts/setup.sh installs.
#
# usage: examples/redis/build.sh [--no-setup] [ours] [stock] [stock-libc]
#
#   ours         Redis on zmalloc: one build for all backends
#   stock        Redis with its own zmalloc.c over the system's jemalloc
#   stock-libc   the same over the malloc of the C library, to compare a failing test with
#   --no-setup   install nothing
#
# Everything goes into ${BUILD_DIR:-build-redis}. JOBS says how many compilers run at once. The exit
# status is 77 if there is no source package of this version.

# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"

take_word() {
    need_known build "$1" ours stock stock-libc
    wanted="$wanted $1"
}

no_setup='' wanted=''
take_arguments '--no-setup ours stock stock-libc' "$@"
: "${wanted:=ours stock}"

say() {
    echo "redis: $*"
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
    PKG_CONFIG_PATH=$build/prefix/lib/pkgconfig pkg-config "$@" zmalloc-redis7
}

# ---- Redis ----

# edit FILE TIMES EXPRESSION: with sed, on exactly so many lines.
edit() {
    sed "$3" "$1" >"$1.edited"
    edited=$(diff "$1" "$1.edited" | grep -c '^<' || true)
    [ "$edited" -eq "$2" ] || fail "$1: $edited lines instead of $2 are for: $3"
    cat "$1.edited" >"$1"
    rm "$1.edited"
}

# All that is changed in Redis.
port_to_zmalloc() {
    rm "$1/src/zmalloc.c" "$1/src/zmalloc.h"
    edit "$1/src/Makefile" 3 '/^REDIS_[A-Z]*_OBJ=/s/ zmalloc\.o / /'
    edit "$1/src/Makefile" 1 "s|^FINAL_LIBS=-lm|& $(library_flags --libs)|"
    # Of a name that an allocator does not have, DEBUG MALLCTL says "No such file or directory".
    # That is for somebody who knows which allocator there is; here it may be one without any such
    # names.
    edit "$1/src/debug.c" 3 's/(c,"%s", strerror(\([rw]*ret\)));/(c,\1 == ENOENT ? '\
'"the active allocator, %s, has no such control" : "%s",\
                \1 == ENOENT ? ZMALLOC_LIB : strerror(\1));/'
}

# A copy of the source for each build, with all its changes or not there; a new one where this
# script, which says what they are, is another.
copy_source() {
    made_by=$(cksum <"$here/build.sh")
    [ "$(cat "$build/$1/made-by" 2>/dev/null)" != "$made_by" ] || return 0
    rm -rf "$build/$1.part" "${build:?}/$1"
    cp -R "$build/source/redis" "$build/$1.part"
    [ "$1" != ours ] || port_to_zmalloc "$build/$1.part"
    echo "$made_by" >"$build/$1.part/made-by"
    mv "$build/$1.part" "$build/$1"
}

# run_make WHICH OPTION...: with neither TLS nor systemd, which the allocator has no part in. The
# git of a folder above is not Redis's.
run_make() {
    which=$1
    shift
    say "building $which"
    (
        cd "$build/$which/src"
        distribution_flags
        export GIT_CEILING_DIRECTORIES="$build"
        logged "$build/$which.log" make -j "$jobs" BUILD_TLS=no USE_SYSTEMD=no "$@" all
    )
}

build_ours() {
    run_make ours MALLOC=libc REDIS_CFLAGS="$(library_flags --cflags)" \
        REDIS_LDFLAGS="-Wl,-rpath,$build/prefix/lib"
}

build_redis() {
    copy_source "$1"
    case $1 in
    ours) build_ours ;;
    stock) run_make stock MALLOC=jemalloc USE_SYSTEM_JEMALLOC=yes ;;
    stock-libc) run_make stock-libc MALLOC=libc ;;
    esac
}

# Without apt the fetching below says so.
[ -n "$no_setup" ] || ! command -v apt-get >/dev/null || "$root/scripts/setup.sh" redis
jobs=${JOBS:-$(nproc)}
mkdir -p "$build"
# One at a time.
exec 9>"$build/lock"
flock 9
"$root/scripts/source_package.sh" redis 7.0 "$build/source"
case $wanted in
*ours*) build_library ;;
esac
for which in $wanted; do
    build_redis "$which"
done
say "$(for which in $wanted; do printf '%s ' "$build/$which/src/redis-server"; done)"
