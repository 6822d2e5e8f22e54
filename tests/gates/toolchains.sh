#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Builds with other compilers than that of this machine: what they build is what they can link, with
# tools that know its format. Compilers that are not installed are told by name.
#
# usage: toolchains.sh SOURCE_ROOT MESON
set -eu

root=$1 meson=$2
unset CC CXX AR NM OBJCOPY CFLAGS LDFLAGS DESTDIR PKG_CONFIG_PATH ZMALLOC_BACKEND || true

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=77

# has COMPILER: or says that it is not there.
has() {
    command -v "$1" >/dev/null || {
        echo "skipped: there is no $1"
        return 1
    }
}

logged() {
    "$@" >"$work/log" 2>&1 || {
        cat "$work/log"
        exit 1
    }
}

# setup NAME OPTION...: configures the library alone, with allocators of the system.
setup() {
    build=$work/$1
    shift
    logged "$meson" setup "$build" "$root" --wrap-mode=nofallback -Dtests=disabled -Dexamples=disabled \
        -Dbench=disabled -Dtools=disabled -Ddocs=disabled "$@"
}

# ---- A wrapper for another C library: no allocator of this machine's ----

# Without a cross file, and with the paths of this machine's packages, which nothing hides then. And without
# optimization, which would remove calls of an unwinder that does not link there.
if has musl-gcc; then
    CC=musl-gcc setup musl --buildtype=plain
    logged "$meson" compile -C "$work/musl"
    if grep -E 'ZM_(TCMALLOC|MIMALLOC)_ORIGIN MODULE' "$work/musl/config.h"; then
        echo "musl-gcc links no allocator that was built for another C library"
        exit 1
    fi
    echo "ok: musl-gcc"
    status=0
fi

# ---- For another processor: its objcopy, though the cross file names none ----

# As much of an archive as the build looks at.
make_archive() {
    echo 'int je_answer(void) { return 42; }' >"$work/answer.c"
    logged "$@" -c "$work/answer.c" -o "$work/answer.o"
    logged aarch64-linux-gnu-ar rc "$work/libjemalloc_pic.a" "$work/answer.o"
}

# other_format COMPILER [ARGUMENT...]
other_format() {
    words=$(printf "'%s', " "$@")
    cat >"$work/cross" <<END
[binaries]
c = [$words'-B$work', '-L$work']
pkgconfig = 'false'
[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
END
    make_archive "$@"
    setup arm64 --cross-file "$work/cross" -Djemalloc=enabled
    logged ninja -C "$work/arm64" backends/jemalloc_private.o
    echo "ok: $*"
    status=0
}

# The C library's headers and the linker of clang are another package.
if command -v aarch64-linux-gnu-gcc >/dev/null; then
    other_format aarch64-linux-gnu-gcc
elif has clang-14 && has aarch64-linux-gnu-objcopy && [ -d /usr/aarch64-linux-gnu/include ]; then
    other_format clang-14 --target=aarch64-linux-gnu
fi
exit "$status"
