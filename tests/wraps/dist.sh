#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The archive that `meson dist --include-subprojects` makes: it builds all backends from what is in it, without
# a network. Argument: the source tree of zmalloc.
# shellcheck source-path=SCRIPTDIR source=../consumers/common.sh disable=SC1091
. "$(dirname "$0")/../consumers/common.sh"
need meson ninja git tar

git -C "$tree" rev-parse --git-dir >/dev/null 2>&1 || skip "the source tree is no git repository"
for name in jemalloc gperftools mimalloc; do
    folder=$(sed -n 's/^directory *= *//p' "$tree/subprojects/$name.wrap")
    archive=$(sed -n 's/^source_filename *= *//p' "$tree/subprojects/$name.wrap")
    [ -d "$tree/subprojects/$folder" ] || [ -f "$tree/subprojects/packagecache/$archive" ] ||
        skip "there is no source of $name; scripts/sources.sh puts it into place"
done

# setup NAME SOURCE: with what the build needs and no more.
setup() {
    meson setup "$work/$1" "$2" $quick --wrap-mode=nodownload \
        --force-fallback-for=jemalloc,gperftools,mimalloc -Djemalloc=enabled -Dtcmalloc=enabled \
        -Dmimalloc=enabled -Ddefault_library=static -Dtests=disabled -Dtools=disabled -Ddocs=disabled \
        -Dbench=disabled -Dexamples=enabled
}

# Of the last commit, with the subprojects as they are.
dist() {
    meson dist -C "$work/build" --include-subprojects --no-tests --allow-dirty --formats gztar
}

unpack() {
    mkdir "$work/source" &&
        tar -x -C "$work/source" --strip-components=1 -f "$work"/build/meson-dist/*.tar.gz
}

check "the build is configured" setup build "$tree"
check "meson dist makes an archive" dist
check "it is unpacked" unpack
check "it is configured without a network" setup other "$work/source"
check "it builds" meson compile -C "$work/other" -j 2
for backend in libc native jemalloc tcmalloc mimalloc; do
    check "it runs, $backend" env ZMALLOC_BACKEND="$backend" "$work/other/examples/wordcount" "$tree/LICENSE"
done
