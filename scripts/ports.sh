#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Builds zmalloc for the platforms that are named, or for all, and runs its tests there; installs what
# that takes. cmocka is built for each from the system's source package. For another processor, the C
# library, the allocators and cmocka are Debian's packages for it, unpacked into a root folder. Run
# again, it builds only what changed. In an emulator, long tests are a tenth as long unless
# ZMALLOC_TEST_SCALE says otherwise. Allocators that a platform does not have are built from their
# sources (scripts/sources.sh). Ends with a line for each platform, before it what was not run
# there and why.
#
# usage: scripts/ports.sh [--quick] [--source] [musl] [musl-static] [i386] [arm64] [riscv64] [s390x]
#
#   musl          the C library musl
#   musl-static   the same, library and programs static
#   i386          32 bits; under the emulator qemu if the kernel runs no 32-bit programs
#   arm64         64-bit ARM, under qemu
#   riscv64       64-bit RISC-V, likewise
#   s390x         IBM Z, which is big endian, likewise
#   --quick       only libc, and without an emulator also native and preload; no layers over backends, nothing
#                 from source, i386 only if the kernel runs it, and not musl-static, riscv64 and s390x unless
#                 named
#   --source      every allocator from source, also those that a platform has
#
# Everything goes into ${BUILD_DIR:-build-ports}. It takes a Debian or Ubuntu on x86-64.
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

# emulate PROCESSOR RELEASE GCC: clang, with the libraries of a release of Debian, which has that gcc;
# qemu runs the programs.
emulate() {
    target=$port options='' processor=$1 release=$2
    packages="libc6-dev libstdc++-$3-dev libjemalloc-dev libgoogle-perftools-dev libmimalloc-dev
        libcmocka-dev"
    root=$build/root-$port/root
    compiler="clang-14 --target=$1-linux-gnu --sysroot=$root"
    emulator="qemu-$1 -L $root"
}

# need_port NAME: sets what the cross file is, which C compiler there is, and what else Meson gets; for
# another processor also which packages, which root, and what starts programs.
need_port() {
    port=$1 emulator='' root=''
    case $1 in
    musl) target=musl compiler='musl-gcc' options='' ;;
    musl-static)
        target=musl compiler='musl-gcc'
        options='-Ddefault_library=static -Dprefer_static=true -Dc_link_args=-static'
        ;;
    i386) target=i386 compiler='gcc -m32' options='' ;;
    arm64) emulate aarch64 bookworm 12 ;;
    # The first release that has it, and the last C++ library that clang 14 reads.
    riscv64) emulate riscv64 trixie 12 ;;
    s390x) emulate s390x bookworm 12 ;;
    esac
}

wrap_mode=nodownload
all='musl musl-static i386 arm64 riscv64 s390x'
ports='' quick='' source='' from_source=''

take_word() {
    # shellcheck disable=SC2086
    need_known platform "$1" $all
    ports="$ports $1"
}

take_arguments '--quick --source PLATFORM...' "$@"
[ ! "$source" ] || [ ! "$quick" ] || refuse '--quick takes nothing from source'
if [ "$quick" ]; then
    : "${ports:=musl i386 arm64}"
    wrap_mode=nofallback
fi
: "${ports:=$all}"
[ ! "$source" ] || from_source='--force-fallback-for=jemalloc,gperftools,mimalloc'

cd "$(dirname "$0")/.."
take_build build-ports

# What the caller has set is for this platform.
unset CC CXX CFLAGS CXXFLAGS LDFLAGS LD_LIBRARY_PATH LD_PRELOAD PKG_CONFIG_PATH

# ---- cmocka: static, so that no program has to find it when it runs ----

configure_cmocka() {
    CC=$compiler cmake -G Ninja -S "$build/cmocka-source/cmocka" -B "$cmocka.build" \
        -DCMAKE_BUILD_TYPE=Release -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_INSTALL_PREFIX="$cmocka.part" \
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

# ---- The root of another processor ----

# What is in the cross file, but with this root.
write_root_file() {
    cat >"$build/$port.ini" <<END
[binaries]
c = ['clang-14', '--target=$processor-linux-gnu', '--sysroot=$root']
cpp = ['clang++-14', '--target=$processor-linux-gnu', '--sysroot=$root']
exe_wrapper = ['qemu-$processor', '-L', '$root']

[properties]
sys_root = '$root'
pkg_config_libdir = '$root/usr/lib/$processor-linux-gnu/pkgconfig'
END
    options="$options --cross-file $build/$port.ini"
}

# Fails if Debian's packages cannot be had from here.
need_root() {
    status=0
    # shellcheck disable=SC2086
    scripts/foreign_root.sh "$port" "$release" "${root%/root}" $packages >"$build/$port-root.log" 2>&1 ||
        status=$?
    case $status in
    0) write_root_file ;;
    77) return 1 ;;
    *)
        cat "$build/$port-root.log" >&2
        exit 1
        ;;
    esac
}

# ---- zmalloc ----

configure() {
    # shellcheck disable=SC2086
    [ -f "$tree/build.ninja" ] || meson setup "$tree" --cross-file "cross/$target.ini" --werror \
        --wrap-mode="$wrap_mode" $from_source -Dbench=disabled -Dtools=disabled -Ddocs=disabled \
        $options "$@"
}

# shellcheck disable=SC2086
runs_here() {
    echo 'int main(void) { return 0; }' >"$build/runs.c"
    $compiler "$build/runs.c" -o "$build/runs" && $emulator "$build/runs" 2>/dev/null
}

# A kernel may be built without 32 bits. Meson takes it that none is.
write_emulator_file() {
    emulator=qemu-$port
    echo "$port: this kernel does not run its programs; $emulator does"
    cat >"$build/$port.ini" <<END
[binaries]
exe_wrapper = '$emulator'

[properties]
needs_exe_wrapper = true
END
    options="$options --cross-file $build/$port.ini"
}

# tree_of PORT: its build tree, another one with --source.
tree_of() {
    echo "$build/$1${source:+-source}"
}

# build_port OPTION...
build_port() {
    echo "building for $port"
    tree=$(tree_of "$port")
    logged "$tree-setup.log" configure "$@"
    logged "$tree.log" ninja -C "$tree"
}

# test_port NAME: a test that fails is no end, the other platforms are looked at as well.
test_port() {
    need_port "$1"
    if [ "$root" ] && ! need_root; then
        not_built="$not_built $port"
        return
    fi
    [ "$port" != i386 ] || [ "$quick" ] || runs_here || write_emulator_file
    if ! runs_here; then
        build_port -Dtests=disabled
        not_run="$not_run $port"
        return
    fi
    if [ ! "$root" ]; then
        cmocka=$build/cmocka-$target
        need_cmocka
        options="$options -Dpkg_config_path=$cmocka/lib/pkgconfig"
    fi
    build_port -Dtests=enabled
    tested="$tested $port"
    scale=1 suites=''
    [ ! "$emulator" ] || scale=0.1
    [ ! "$quick" ] || suites='--suite libc'
    [ ! "$quick" ] || [ "$emulator" ] || suites="$suites --suite native --suite preload"
    # shellcheck disable=SC2086
    ZMALLOC_TEST_SCALE=${ZMALLOC_TEST_SCALE:-$scale} meson test -C "$tree" --no-rebuild \
        --print-errorlogs --quiet --timeout-multiplier 3 $suites || failed="$failed $port"
}

failed='' tested='' not_run='' not_built=''
scripts/setup.sh ports
# Without them there are fewer backends.
[ "$quick" ] || scripts/sources.sh jemalloc gperftools mimalloc || true
mkdir -p "$build"
for name in $ports; do
    test_port "$name"
done
echo
for name in $not_built; do
    echo "$name: skipped: $(tail -n 1 "$build/$name-root.log")"
done
for name in $not_run; do
    echo "$name: tests skipped: built, but this kernel does not run its programs"
done
for name in $tested; do
    python3 scripts/count_tests.py --skipped "$(tree_of "$name")" | sed "s/^/$name: /"
done
[ -z "$failed" ]
