#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Tries the README's two commands on releases of Debian. Makes a minimal root of each release with
# debootstrap, and runs scripts/demo.sh and scripts/test.sh there on a clone of this repository's last
# commit. Ends with a table: what was installed there, what came of it. The status is 1 if anything
# failed.
#
# usage: scripts/distributions.sh [--quick] [--source] [--suite NAME]... [--keep] [RELEASE...]
#
#   RELEASE        12 or bookworm, 13 or trixie, sid; all three if not said
#   --suite NAME   tests of this suite only; may be repeated
#   --quick        the suites tcmalloc and mimalloc; 13 if no release is named
#   --source       instead of both commands scripts/test.sh --source, in a root without any package of an
#                  allocator
#   --keep         leaves the roots there, to be looked at with scripts/in_root.sh
#
# Everything goes into ${BUILD_DIR:-build-distributions}: logs, and, to be quicker the next time, the
# roots as debootstrap made them (for a week) and the packages. It takes root, debootstrap and a
# network; without them it says so and is skipped. Mounts for a root are made in separate namespaces
# (scripts/in_root.sh), and no root is removed while something is mounted in it.
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

skip() {
    echo "skipped: distributions: $*"
    exit 0
}

take_suite() {
    suites="$suites --suite $1"
}

take_word() {
    case $1 in
    12) release=bookworm ;;
    13) release=trixie ;;
    *) release=$1 ;;
    esac
    need_known release "$release" bookworm trixie sid
    releases="$releases $release"
}

releases='' suites='' quick='' source='' keep=''
take_arguments '--quick --source --suite=NAME --keep RELEASE...' "$@"
if [ "$quick" ]; then
    : "${releases:=trixie}" "${suites:=--suite tcmalloc --suite mimalloc}"
fi
: "${suites:=--setup with_builds}"
: "${releases:=bookworm trixie sid}"

cd "$(dirname "$0")/.."
take_build build-distributions

[ "$(id -u)" -eq 0 ] || skip "it takes root"
PATH=$PATH:/usr/sbin:/sbin
for tool in debootstrap unshare setpriv chroot mknod git tar flock; do
    command -v "$tool" >/dev/null || skip "there is no $tool"
done
unshare --mount --pid --fork --mount-proc true 2>/dev/null ||
    skip "this system allows no namespaces of its own"

# ---- A root ----

# By mount points at the folder or below it.
remove_root() {
    if awk -v root="$1" '$5 == root || index($5, root "/") == 1 { found = 1 }
        END { exit !found }' /proc/self/mountinfo; then
        echo "distributions: something is mounted in $1, which is left alone" >&2
        return 1
    fi
    rm -rf --one-file-system "$1"
}

# Where apt has its packages from here, one a line.
apt_sites() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | sort -u
}

# bootstrap FOLDER [SITE]: by the proxy that apt has here; the mounts it makes end with it.
bootstrap() {
    proxy=''
    eval "$(apt-config shell proxy Acquire::http::Proxy 2>/dev/null)"
    recipe=/usr/share/debootstrap/scripts/$release
    [ -e "$recipe" ] || recipe=/usr/share/debootstrap/scripts/sid
    with=''
    case ${2:-} in
    https:*) with=--include=ca-certificates ;;
    esac
    http_proxy=${http_proxy:-$proxy} unshare --mount --pid --fork --kill-child --mount-proc \
        debootstrap --variant=minbase ${with:+"$with"} "$release" "$1" "${2:-}" "$recipe" \
        >"$build/$release.bootstrap.log" 2>&1
}

# From the first site that has the release: apt's, or debootstrap's own. Status 77: none can be
# reached.
bootstrap_from_any() {
    for site in $(apt_sites) ''; do
        remove_root "$1" || return
        ! bootstrap "$1" "$site" || return 0
        grep -q -E '(Failed getting|Invalid) [Rr]elease|signed by unknown key' "$build/$release.bootstrap.log" || {
            tail -n 20 "$build/$release.bootstrap.log" >&2
            return 1
        }
    done
    return 77
}

# The root as debootstrap makes it, which is kept for a week.
need_base() {
    base=$build/$release.tar
    if [ -n "$(find "$base" -mtime -7 2>/dev/null)" ]; then
        return 0
    fi
    echo "$release: debootstrap"
    status=0
    bootstrap_from_any "$root.part" || status=$?
    if [ "$status" -eq 0 ]; then
        tar -C "$root.part" --numeric-owner --xattrs -cf "$base.part" . && mv "$base.part" "$base"
    fi
    remove_root "$root.part"
    return "$status"
}

# How this system reaches the network: names, proxies, and what apt is told of archives.
copy_network() {
    rm -f "$root/etc/resolv.conf"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
    apt-config dump 2>/dev/null |
        grep -E '^Acquire::(https?|ftp|Check)[^ ]* "' >"$root/etc/apt/apt.conf.d/90network" || true
}

packages=var/cache/apt/archives

# A root that lives for minutes need not be safe from a loss of power.
hurry_dpkg() {
    mkdir -p "$root/etc/dpkg/dpkg.cfg.d"
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
}

# Status 77: its archive cannot be reached.
need_root() {
    remove_root "$root" && mkdir -p "$root" "$build/$release.packages" || return
    tar -C "$root" --numeric-owner --xattrs -xf "$base" || return
    copy_network
    hurry_dpkg
    find "$build/$release.packages" -name '*.deb' -exec cp -t "$root/$packages" {} +
    git clone --quiet --no-hardlinks . "$root/root/zmalloc" || return
    # Some tests become another user.
    chmod 755 "$root/root" || return
    scripts/in_root.sh "$root" apt-get update -qq -o APT::Update::Error-Mode=any || return 77
}

# What it had to fetch, and no older ones.
keep_packages() {
    scripts/in_root.sh "$root" apt-get autoclean >/dev/null 2>&1 || true
    rm -rf "$build/$release.packages"
    mkdir -p "$build/$release.packages"
    find "$root/$packages" -maxdepth 1 -name '*.deb' -exec mv -t "$build/$release.packages" {} +
}

# ---- What is run there ----

versions() {
    for package in gcc libc6 meson libjemalloc-dev libgoogle-perftools-dev libmimalloc-dev \
        libcmocka-dev groff-base; do
        # shellcheck disable=SC2016
        version=$(chroot "$root" dpkg-query -W -f='${Version}' "$package" 2>/dev/null) || version='-'
        version=${version#*:}
        version=${version%-*}
        printf ' %s |' "${version%%[+~]*}"
    done
}

# run_there NAME COMMAND...: sets result; what is printed goes to a log, of which the end is shown
# if it fails.
run_there() {
    log=$build/$release.$1.log
    echo "$release: $1"
    shift
    result=ok
    scripts/in_root.sh "$root" sh -c 'cd /root/zmalloc && "$@"' sh "$@" >"$log" 2>&1 || {
        result=FAILED
        tail -n 60 "$log" >&2
        failed=yes
    }
}

# In the log of scripts/test.sh: "446 ok", and what was not.
counts() {
    awk -F ': *' '
        $1 == "Ok" { ok = $2 + 0 }
        $1 ~ /^(Fail|Unexpected Pass|Timeout)$/ { failed += $2 }
        $1 == "Skipped" { skipped = $2 + 0 }
        END { printf "%d ok, %d failed, %d skipped", ok, failed, skipped }' "$log"
}

keep_logs() {
    rm -rf "${build:?}/$release"
    mkdir -p "$build/$release"
    cp -r "$root/root/zmalloc/build${source:+-source}/meson-logs" "$build/$release" 2>/dev/null || true
}

try_release() {
    began=$(date +%s)
    demo=-
    if [ -z "$source" ]; then
        run_there demo scripts/demo.sh
        demo=$result
    fi
    # shellcheck disable=SC2086
    run_there test scripts/test.sh ${source:+--source} --timeout-multiplier 3 $suites
    printf '| %s |%s %s | %s | %s | %s |\n' "$release" "$(versions)" "$demo" "$(counts)" \
        "$(($(date +%s) - began))" "$(date -u +%Y-%m-%d)" >>"$build/table.md"
    keep_logs
    keep_packages
}

failed=''
mkdir -p "$build"
# Roots have set-user-ID programs that nobody else needs to reach; and a second run would remove them.
chmod 700 "$build"
build=$(cd "$build" && pwd -P)
exec 9>"$build/lock"
flock -n 9 || skip "another one runs in $build"
cat >"$build/table.md" <<'END'
| release | gcc | glibc | Meson | jemalloc | gperftools | mimalloc | cmocka | groff | demo.sh | test.sh | seconds | date |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
END
for release in $releases; do
    root=$build/$release.root
    status=0
    { need_base && need_root; } || status=$?
    case $status in
    0) try_release ;;
    77) echo "skipped: distributions: $release: no archive that has it can be reached" ;;
    *) failed=yes ;;
    esac
    [ "$keep" ] || remove_root "$root"
done
echo
cat "$build/table.md"
[ -z "$failed" ]
