#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Installs what building zmalloc needs and this machine lacks. Asks no question, and does nothing
# where nothing is missing.
#
# usage: scripts/setup.sh [demo|test|source|bench|redis|valkey|ports|fuzz|ci]
#        what to prepare for; demo if not said
#
# For the demo an allocator is not installed if its source is in place (scripts/sources.sh).
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/wraps.sh
. "$(dirname "$0")/wraps.sh"

purpose=''

take_word() {
    need_known purpose "$1" demo test source bench redis valkey ports fuzz ci
    purpose=$1
}

take_arguments 'demo test source bench redis valkey ports fuzz ci' "$@"
: "${purpose:=demo}"

build_packages='gcc libc6-dev meson ninja-build pkg-config libjansson-dev zlib1g-dev libdw-dev'
demo_packages="$build_packages libjemalloc-dev libgoogle-perftools-dev libmimalloc-dev"
adapted_libraries='zlib1g-dev libsqlite3-dev liblua5.4-dev libuv1-dev libcurl4-openssl-dev libssl-dev
    libpcre2-dev'
test_tools="systemtap-sdt-dev g++ cmake python3 python3-jsonschema git bats scdoc man-db $adapted_libraries"
test_packages="$demo_packages libcmocka-dev $test_tools"
# The allocators and cmocka come as sources.
source_packages="$build_packages $test_tools bzip2 xz-utils"
bench_tools='libbenchmark-dev gnuplot-nox hyperfine'
bench_packages="$demo_packages g++ python3 $bench_tools"
redis_tools='make dpkg-dev tcl procps util-linux'
redis_packages="$demo_packages python3 $redis_tools"
# Its unit tests are in C++.
valkey_packages="$redis_packages g++ libgtest-dev libgmock-dev"
ports_tools='musl-tools xz-utils gcc-multilib g++-multilib clang-14 qemu-user cmake dpkg-dev
    binutils-aarch64-linux-gnu binutils-riscv64-linux-gnu binutils-s390x-linux-gnu'
ports_packages="$demo_packages g++ python3 $ports_tools"
fuzz_tools='clang-14 libclang-rt-14-dev afl++'
fuzz_packages="$demo_packages $fuzz_tools"
ci_packages="$test_packages $bench_tools $redis_tools $ports_tools $fuzz_tools clang-format-14
    clang-tidy-14 cppcheck abigail-tools gcovr spin valgrind libc6-dbg shellcheck mandoc fish
    librsvg2-bin zsh
    libc++-14-dev libc++abi-14-dev libc6-dev-arm64-cross
    libgcc-12-dev-arm64-cross debootstrap redis-tools sqlite3 xz-utils perl
    libpython3.11-testsuite google-perftools"

# The packages of allocators, and what instead of one whose source is in place.
allocator_packages() {
    has_source jemalloc || echo libjemalloc-dev
    if has_source gperftools; then echo g++; else echo libgoogle-perftools-dev; fi
    has_source mimalloc || echo libmimalloc-dev
}

# shellcheck disable=SC2034
subprojects=$(dirname "$0")/../subprojects
case $purpose in
demo) packages="$build_packages $(allocator_packages)" ;;
test) packages=$test_packages ;;
source) packages=$source_packages ;;
bench) packages=$bench_packages ;;
redis) packages=$redis_packages ;;
valkey) packages=$valkey_packages ;;
ports) packages=$ports_packages ;;
fuzz) packages=$fuzz_packages ;;
ci) packages=$ci_packages ;;
esac

# What to install where we do not do it, from the system's name.
other_systems_packages() {
    case $1 in
    fedora) echo 'sudo dnf install gcc gcc-c++ meson ninja-build pkgconf jemalloc-devel' \
        'gperftools-devel mimalloc-devel jansson-devel elfutils-devel libcmocka-devel zlib-devel zlib-static cmake' \
        'sqlite-devel lua-devel libuv-devel libcurl-devel openssl-devel pcre2-devel' \
        'python3-jsonschema git bats scdoc man-db' ;;
    arch) echo 'sudo pacman -S --needed base-devel meson ninja jemalloc gperftools mimalloc jansson' \
        'cmocka zlib elfutils sqlite lua libuv curl openssl pcre2 cmake python-jsonschema git bash-bats' \
        'scdoc man-db' ;;
    alpine) echo 'sudo apk add build-base meson ninja pkgconf jemalloc-dev jemalloc-static' \
        'gperftools-dev mimalloc-dev jansson-dev elfutils-dev cmocka-dev zlib-dev zlib-static cmake' \
        'sqlite-dev lua5.4-dev libuv-dev curl-dev openssl-dev pcre2-dev' \
        'py3-jsonschema git bats scdoc man-db' ;;
    macos) echo 'brew install meson ninja pkg-config jemalloc gperftools mimalloc jansson cmocka' \
        'sqlite lua libuv curl openssl pcre2 cmake bats-core scdoc' ;;
    *) echo 'a C and a C++ compiler, meson, ninja, pkg-config, jemalloc (with libjemalloc_pic.a),' \
        'gperftools, mimalloc, jansson, cmocka, static zlib, sqlite, lua, libuv, curl, openssl,' \
        'pcre2, cmake, bats and scdoc' ;;
    esac
}

# What measuring needs besides.
other_systems_bench_tools() {
    case $1 in
    fedora) echo 'google-benchmark-devel gnuplot-minimal hyperfine' ;;
    arch) echo 'benchmark gnuplot hyperfine' ;;
    alpine) echo 'benchmark-dev gnuplot hyperfine lscpu' ;;
    macos) echo 'google-benchmark gnuplot hyperfine' ;;
    *) echo 'and Google Benchmark, gnuplot, hyperfine and Python 3' ;;
    esac
}

system_name() {
    if [ "$(uname -s)" = Darwin ]; then
        echo macos
        return
    fi
    # shellcheck disable=SC1091
    (
        ID=unknown ID_LIKE=
        [ ! -r /etc/os-release ] || . /etc/os-release
        for name in $ID $ID_LIKE; do
            case $name in
            debian | ubuntu) echo debian && exit ;;
            fedora | arch | alpine) echo "$name" && exit ;;
            esac
        done
        echo "$ID"
    )
}

missing_packages() {
    for package in $packages; do
        case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) in
        'install ok installed') ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

# Runs a command as root; fails where that would need a password.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

install_packages() {
    echo "setup: installing $*"
    as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

system=$(system_name)
if [ "$system" != debian ]; then
    case $purpose in
    redis | valkey | ports) fail "$purpose takes sources from apt: it needs a Debian or Ubuntu" ;;
    esac
    wanted=$(other_systems_packages "$system")
    tools='cc meson ninja pkg-config'
    case $purpose in
    bench | ci)
        wanted="$wanted $(other_systems_bench_tools "$system")"
        tools="$tools c++ python3 gnuplot hyperfine"
        ;;
    esac
    echo "setup: install these if they are missing: $wanted"
    for tool in $tools; do
        command -v "$tool" >/dev/null || fail "$tool is missing"
    done
    exit 0
fi

missing=$(missing_packages)
# shellcheck disable=SC2086
if [ -n "$missing" ] && ! install_packages $missing; then
    echo "setup: could not install: $(missing_packages)" >&2
    echo "setup: as root: apt-get update && apt-get install --no-install-recommends $missing" >&2
    exit 1
fi
