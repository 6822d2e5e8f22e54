#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Builds zmalloc for the platforms that are named, or for all, and runs its tests there; installs what
# that takes. cmocka is built for each from the system's source package. Run again, it builds only
# what changed. Ends with a line for each platform, before it what was not run there and why.
#
# usage: scripts/ports.sh [--quick] [musl] [musl-static] [i386] [arm64] [riscv64] [s390x]
#
#   musl          the C library musl
#   musl-static   the same, library and programs static
#   i386          32 bits
#   arm64         64-bit ARM, under the emulator qemu
#   riscv64       64-bit RISC-V, likewise
#   s390x         IBM Z, which is big endian, likewise
#   --quick       only libc and native, without layers over them, and not riscv64 and s390x unless named
#
# Everything goes into ${BUILD_DIR:-build-ports}. It takes a Debian or Ubuntu on x86-64.
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

# emulate PROCESSOR: clang with Debian's libraries for it; qemu runs the programs.
emulate() {
    target=$1 options='' binutils=$1-linux-gnu-
    [ "$1" != aarch64 ] || target=arm64
    compiler="clang-14 --target=$1-linux-gnu"
    emulator="qemu-$1 -L /usr/$1-linux-gnu"
}

# need_port NAME: sets of what the cross file is and which C compiler builds cmocka, what else Meson
# is told; how the names of binutils begin and what starts programs, if they are of another machine.
need_port() {
    emulator='' binutils=''
    case $1 in
    musl) target=musl compiler='musl-gcc' options='' ;;
    musl-static)
        target=musl compiler='musl-gcc'
        options='-Ddefault_library=static -Dprefer_static=true -Dc_link_args=-static'
        ;;
    i386) target=i386 compiler='gcc -m32' options='' ;;
    arm64) emulate aarch64 ;;
    riscv64 | s390x) emulate "$1" ;;
    *) refuse "unknown platform '$1'; --help lists what there is" ;;
    esac
}

ports='' suites=''
quick=''

take_word() {
    need_port "$1"
    ports="$ports $1"
}

take_arguments '--quick PLATFORM...' "$@"
if [ "$quick" ]; then
    suites='--suite libc --suite native'
    : "${ports:=musl musl-static i386 arm64}"
fi
: "${ports:=musl musl-static i386 arm64 riscv64 s390x}"

cd "$(dirname "$0")/.."
take_build build-ports

# What the caller has set is for this platform.
unset CC CXX CFLAGS CXXFLAGS LDFLAGS LD_LIBRARY_PATH LD_PRELOAD PKG_CONFIG_PATH

# ---- cmocka: static, so that no program has to find it when it runs ----

configure_cmocka() {
    CC=$compiler cmake -G Ninja -S "$build/cmocka-source/cmocka" -B "$cmocka.build" \
        -DCMAKE_BUILD_TYPE=Release -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_INSTALL_PREFIX="$cmocka.part" \
        -DCMAKE_AR="$(command -v "${binutils}ar")" -DCMAKE_RANLIB="$(command -v "${binutils}ranlib")" \
        -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=OFF -DWITH_STATIC_LIB=ON -DWITH_EXAMPLES=OFF
}

# Before 1.1.6 both forms are built whatever is asked for, the static one under another name.
leave_static_cmocka() {
    if [ -f "$cmocka.part/lib/libcmocka-static.a" ]; then
        mv "$cmocka.part/lib/libcmocka-static.a" "$cmocka.part/lib/libcmocka.a"
    fi
    rm -f "$cmocka.part"/lib/libcmocka.so*
    sed -i "s|$cmocka.part|$cmocka|g" "$cmocka.part/lib/pkgconfig/cmocka.pc"
    mv "$cmocka.part" "$cmocka"
}

need_cmocka() {
    [ ! -d "$cmocka" ] || return 0
    scripts/source_package.sh cmocka 1.1 "$build/cmocka-source"
    echo "building cmocka for $target"
    rm -rf "$cmocka.build" "$cmocka.part"
    logged "$build/cmocka-$target.log" configure_cmocka
    logged "$build/cmocka-$target.log" ninja -C "$cmocka.build" install
    leave_static_cmocka
    rm -rf "$cmocka.build"
}

# ---- zmalloc ----

configure() {
    # shellcheck disable=SC2086
    [ -f "$build/$port/build.ninja" ] || meson setup "$build/$port" --cross-file "cross/$target.ini" \
        --werror -Dpkg_config_path="$cmocka/lib/pkgconfig" -Dbench=disabled \
        -Dtools=disabled -Ddocs=disabled $options "$@"
}

# A kernel may be built without 32 bits.
# shellcheck disable=SC2086
runs_here() {
    echo 'int main(void) { return 0; }' >"$build/runs.c"
    $compiler "$build/runs.c" -o "$build/runs" && $emulator "$build/runs" 2>/dev/null
}

# build_port OPTION...
build_port() {
    echo "building for $port"
    logged "$build/$port-setup.log" configure "$@"
    logged "$build/$port.log" ninja -C "$build/$port"
}

# test_port NAME: a test that fails is no end, the other platforms are looked at as well.
test_port() {
    port=$1
    need_port "$port"
    cmocka=$build/cmocka-$target
    if ! runs_here; then
        build_port -Dtests=disabled
        not_run="$not_run $port"
        return
    fi
    need_cmocka
    build_port -Dtests=enabled
    tested="$tested $port"
    # shellcheck disable=SC2086
    meson test -C "$build/$port" --no-rebuild --print-errorlogs --quiet --timeout-multiplier 3 $suites ||
        failed="$failed $port"
}

failed='' tested='' not_run=''
scripts/setup.sh ports
mkdir -p "$build"
for name in $ports; do
    test_port "$name"
done
echo
for name in $not_run; do
    echo "$name: tests skipped: built, but this kernel does not run its programs"
done
for name in $tested; do
    python3 scripts/count_tests.py --skipped "$build/$name" | sed "s/^/$name: /"
done
[ -z "$failed" ]
