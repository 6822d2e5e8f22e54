#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Puts the sources of allocators where Meson looks for them, from Debian's source packages. For a
# machine that reaches Debian's packages but not the sites of the allocators; elsewhere Meson downloads
# them by itself. Every sum is checked. What is in place already is not fetched again.
#
# usage: scripts/sources.sh [jemalloc] [gperftools] [mimalloc]     all if you name none
#
# jemalloc and gperftools go into subprojects/packagecache: Debian's archives are the very files that
# the wraps name. Debian's mimalloc 2.0.9 has the same src and include, but is another archive, so it is
# unpacked into the folder that the wrap names, and our build files are put there. If something
# cannot be had, the others are put in place, and the exit status is 1.
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/own_apt.sh
. "$(dirname "$0")/own_apt.sh"

all='jemalloc gperftools mimalloc'
names='' missing=''

take_word() {
    # shellcheck disable=SC2086
    need_known source "$1" $all
    names="$names $1"
}

take_arguments 'NAME...' "$@"
: "${names:=$all}"

cd "$(dirname "$0")/.."
cache=subprojects/packagecache
helper=/usr/lib/apt/apt-helper

of_wrap() {
    sed -n "s/^$1 *= *//p" "subprojects/$name.wrap"
}

# Sets what is wanted, and where Debian has it; for an archive of its own also the sum. Fails if we do
# not know that.
look_up() {
    folder=subprojects/$(of_wrap directory)
    archive=$cache/$(of_wrap source_filename)
    sum=$(of_wrap source_hash)
    debian_sum=''
    case ${folder##*/} in
    jemalloc-5.3.0) file=j/jemalloc/jemalloc_5.3.0.orig.tar.bz2 ;;
    gperftools-gperftools-2.16) file=g/google-perftools/google-perftools_2.16.orig.tar.gz ;;
    mimalloc-2.0.9)
        file=m/mimalloc/mimalloc_2.0.9%2bds.orig.tar.xz
        debian_sum=cbc9d207ff105ad1f0cb739c378076143a6452b8d0624309cea0abfb040e972b
        ;;
    *)
        echo "E: this script does not know where Debian has ${folder##*/}" >"$log"
        return 1
        ;;
    esac
}

has_sum() {
    [ -f "$1" ] && [ "$(sha256sum <"$1")" = "$2  -" ]
}

# As Meson puts them when it unpacks. They may have changed since.
put_build_files() {
    cp -R "subprojects/packagefiles/$name/." "$1"
}

# fetch FILE SUM: as apt fetches, through its proxy if it has one.
fetch() {
    mkdir -p "$cache"
    [ -x "$helper" ] || {
        echo "E: there is no apt here; Meson downloads it if it can" >"$log"
        return 1
    }
    "$helper" download-file "$site/pool/main/$file" "$1" "SHA256:$2" >"$log" 2>&1 && has_sum "$1" "$2"
}

miss() {
    echo "$name: could not be had: $(sed -n 's/^E: //p' "$log" | head -n 1)"
    missing="$missing $name"
}

fetch_archive() {
    if fetch "$archive.part" "$sum"; then
        mv "$archive.part" "$archive"
        echo "$name: $archive is from $site/pool/main/$file"
    else
        rm -f "$archive.part"
        miss
    fi
}

# Into a folder beside it first, so that what is there is whole.
fetch_folder() {
    if fetch "$cache/$name.part" "$debian_sum"; then
        rm -rf "$folder.part"
        mkdir "$folder.part"
        tar -x -C "$folder.part" --strip-components=1 -f "$cache/$name.part"
        put_build_files "$folder.part"
        mv "$folder.part" "$folder"
        echo "$name: $folder is unpacked from $site/pool/main/$file," \
            "which is not the archive of the wrap but has the same src and include"
    else
        miss
    fi
    rm -f "$cache/$name.part"
}

put_in_place() {
    if [ -d "$folder" ]; then
        put_build_files "$folder"
        echo "$name: $folder is there; its build files are renewed"
        return
    fi
    if [ -f "$archive" ] && ! has_sum "$archive" "$sum"; then
        echo "$name: $archive is not what the wrap wants, its sum is another; fetching it again"
        rm "$archive"
    fi
    if [ -f "$archive" ]; then
        echo "$name: $archive is there"
    elif [ "$debian_sum" ]; then
        fetch_folder
    else
        fetch_archive
    fi
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
site=$(debian_site)
for name in $names; do
    if look_up; then
        put_in_place
    else
        miss
    fi
done
[ -z "$missing" ] || fail "not in place:$missing"
