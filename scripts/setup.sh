#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Installs what building zmalloc needs and this machine lacks. Asks no question, and does nothing
# where nothing is missing.
#
# usage: scripts/setup.sh [demo|test|ci]     what to prepare for; demo if not said
set -eu

purpose=${1:-demo}

demo_packages='gcc libc6-dev meson ninja-build pkg-config libjemalloc-dev libgoogle-perftools-dev
    libmimalloc-dev'
test_packages="$demo_packages g++ libcmocka-dev zlib1g-dev python3 git"
ci_packages="$test_packages clang-14 libclang-rt-14-dev clang-format-14 valgrind libc6-dbg shellcheck"

case $purpose in
demo) packages=$demo_packages ;;
test) packages=$test_packages ;;
ci) packages=$ci_packages ;;
*)
    echo "setup.sh: unknown purpose '$purpose'; say demo, test or ci" >&2
    exit 2
    ;;
esac

# What to install where we do not do it, from the system's name.
other_systems_packages() {
    case $1 in
    fedora) echo 'sudo dnf install gcc gcc-c++ meson ninja-build pkgconf jemalloc-devel' \
        'gperftools-devel mimalloc-devel libcmocka-devel zlib-devel zlib-static python3 git' ;;
    arch) echo 'sudo pacman -S --needed base-devel meson ninja jemalloc gperftools mimalloc cmocka' \
        'zlib python git' ;;
    alpine) echo 'sudo apk add build-base meson ninja pkgconf jemalloc-dev jemalloc-static' \
        'gperftools-dev mimalloc-dev cmocka-dev zlib-dev zlib-static python3 git' ;;
    macos) echo 'brew install meson ninja pkg-config jemalloc gperftools mimalloc cmocka' ;;
    *) echo 'a C and a C++ compiler, meson, ninja, pkg-config, jemalloc (with libjemalloc_pic.a),' \
        'gperftools, mimalloc, cmocka and static zlib' ;;
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
    echo "setup: install these if they are missing: $(other_systems_packages "$system")"
    for tool in cc meson ninja pkg-config; do
        if ! command -v "$tool" >/dev/null; then
            echo "setup: $tool is missing" >&2
            exit 1
        fi
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
