#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Puts the sources of the wraps where Meson looks for them, from Debian's source packages. For a
# machine that reaches Debian's packages but not the sites of these projects; elsewhere Meson downloads
# them by itself. Every sum is checked. What is in place already is not fetched again.
#
# usage: scripts/sources.sh [jemalloc] [gperftools] [mimalloc] [cmocka]     all if you name none
#
# The archives of jemalloc, gperftools and cmocka go into subprojects/packagecache: Debian's are the very
# files that the wraps name. Debian's mimalloc 2.0.9 has the same src and include, but is another archive, so
# it is not kept. All are unpacked into the folders that the wraps name, with our build files: otherwise two
# builds that are configured at the same time would both unpack. If something cannot be had, the others are
# put in place, and the exit status is 1.
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/own_apt.sh
. "$(dirname "$0")/own_apt.sh"
# shellcheck source=scripts/wraps.sh
. "$(dirname "$0")/wraps.sh"

all='jemalloc gperftools mimalloc cmocka'
names='' missing='' site=''

take_word() {
    # shellcheck disable=SC2086
    need_known source "$1" $all
    names="$names $1"
}

take_arguments 'NAME...' "$@"
: "${names:=$all}"

cd "$(dirname "$0")/.."
subprojects=subprojects
cache=$subprojects/packagecache
helper=/usr/lib/apt/apt-helper

# Sets what is wanted, and where Debian has it; for an archive of its own also the sum. Fails if we do
# not know that.
look_up() {
    folder=$subprojects/$(of_wrap "$name" directory)
    archive=$cache/$(of_wrap "$name" source_filename)
    sum=$(of_wrap "$name" source_hash)
    debian_sum=''
    case ${folder##*/} in
    jemalloc-5.3.0) file=j/jemalloc/jemalloc_5.3.0.orig.tar.bz2 ;;
    gperftools-gperftools-2.16) file=g/google-perftools/google-perftools_2.16.orig.tar.gz ;;
    cmocka-1.1.7) file=c/cmocka/cmocka_1.1.7.orig.tar.xz ;;
    mimalloc-2.0.9)
        file=m/mimalloc/mimalloc_2.0.9%2bds.orig.tar.xz
        debian_sum=cbc9d207ff105ad1f0cb739c378076143a6452b8d0624309cea0abfb040e972b
        ;;
    *)
        # Somebody has put another version there.
        [ ! -d "$folder" ] || return 0
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
    cp -Rp "$subprojects/packagefiles/$name/." "$1"
}

# fetch FILE SUM: as apt fetches, through its proxy if it has one.
fetch() {
    mkdir -p "$cache"
    [ -x "$helper" ] || {
        echo "E: there is no apt here; Meson downloads it if it can" >"$log"
        return 1
    }
    : "${site:=$(debian_site)}"
    "$helper" download-file "$site/pool/main/$file" "$1" "SHA256:$2" >"$log" 2>&1 && has_sum "$1" "$2"
}

miss() {
    echo "$name: could not be had: $(sed -n 's/^E: //p' "$log" | head -n 1)"
    missing="$missing $name"
}

# unpack ARCHIVE: into a folder beside it first, so that what is there is whole.
unpack() {
    rm -rf "$folder.part"
    mkdir "$folder.part"
    if ! tar -x -C "$folder.part" --strip-components=1 -f "$1" 2>"$log"; then
        rm -rf "$folder.part"
        sed -i 's/^/E: /' "$log"
        return 1
    fi
    put_build_files "$folder.part" && mv "$folder.part" "$folder"
}

fetch_archive() {
    if ! fetch "$archive.part" "$sum"; then
        rm -f "$archive.part"
        return 1
    fi
    mv "$archive.part" "$archive"
    echo "$name: $archive is from $site/pool/main/$file"
}

# Another archive must not take the place of the wrap's own.
put_other_archive() {
    status=0
    fetch "$cache/$name.part" "$debian_sum" && unpack "$cache/$name.part" || status=$?
    rm -f "$cache/$name.part"
    [ "$status" -ne 0 ] || echo "$name: $folder is unpacked from $site/pool/main/$file," \
        "which is not the archive of the wrap but has the same src and include"
    return "$status"
}

put_archive() {
    if [ -f "$archive" ] && ! has_sum "$archive" "$sum"; then
        echo "$name: $archive is not what the wrap wants, its sum is another; fetching it again"
        rm "$archive"
    fi
    [ -f "$archive" ] || fetch_archive || return 1
    unpack "$archive" || return 1
    echo "$name: $folder is unpacked from $archive"
}

put_in_place() {
    if [ -d "$folder" ]; then
        put_build_files "$folder"
        echo "$name: $folder is there; its build files are renewed"
    elif [ "$debian_sum" ] && [ ! -f "$archive" ]; then
        put_other_archive
    else
        put_archive
    fi
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
for name in $names; do
    { look_up && put_in_place; } || miss
done
[ -z "$missing" ] || fail "not in place:$missing"
