#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Fetches a source package and unpacks it. The system is left as it is.
#
# usage: scripts/source_package.sh [--release RELEASE] [--orig] PACKAGE SERIES FOLDER
#        say, redis 7.0 build/source
#
#   --release RELEASE   of Debian, to take the package from where this system's release has none of
#                       the series; only this system's if not said
#   --orig              where its other files cannot be had, the original archive alone will do
#
# The source is then in FOLDER/PACKAGE, and its version in FOLDER/unpacked. If it is there already,
# nothing is done. apt checks what it fetches: this system's keys sign its own release, and Debian's
# archive keyring any other. If there is no such package, or it is not of the series, the exit status
# is 77 and the last line says why.
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/own_apt.sh
. "$(dirname "$0")/own_apt.sh"

words=''

take_word() {
    words="$words $1"
}

release='' orig=''
take_arguments '--release=RELEASE --orig PACKAGE SERIES FOLDER' "$@"
# shellcheck disable=SC2086
set -- $words
[ $# -eq 3 ] || refuse "say a package, a series and a folder; --help says more"
package=$1 series=$2 folder=$(full_path "$3")
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

no_source() {
    echo "no source package: $*" >&2
    exit 77
}

# The system's sources of packages, as such of source packages, in both of apt's forms.
write_own_sources() {
    for file in /etc/apt/sources.list.d/*.sources; do
        [ ! -f "$file" ] || sed 's/^[Tt]ypes:.*/Types: deb-src/' "$file" \
            >"$apt/sources.d/$(basename "$file")"
    done
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -f "$file" ] || sed -n '/cdrom:/d; s/^[[:blank:]]*deb\(-src\)\{0,1\}[[:blank:]]/deb-src /p' \
            "$file" | sort -u >"$apt/sources.d/$(basename "$file" .list).list"
    done
}

# Another release has the place of the system's: of two versions apt would take the newer.
write_other_sources() {
    rm -f "$apt"/sources.d/*
    echo "deb-src [signed-by=$keyring] $site $release main" >"$apt/sources.d/$release.list"
}

# find_version RELEASE: whether it has the package, in a version of the series; else why is what it
# has. Sources of others may have no source packages, which makes the update fail; what counts is ours.
find_version() {
    apt-get update >>"$log" 2>&1 || true
    if ! uris=$(apt-get source --print-uris "$package" 2>>"$log"); then
        why="$1: $(tail -n 1 "$log")"
        return 1
    fi
    version=$(printf '%s\n' "$uris" | sed -n "s/.* ${package}_\(.*\)\.dsc .*/\1/p")
    case $version in
    "$series".*) ;;
    *)
        why="$1 has $package $version, not $series"
        return 1
        ;;
    esac
}

find_package() {
    write_own_sources
    ! find_version 'this release' || return 0
    [ -n "$release" ] || no_source "$why"
    [ -f "$keyring" ] || no_source "$why; and for $release there is no $keyring"
    own_why=$why
    write_other_sources
    find_version "$release" || no_source "$own_why; $why"
}

# Where the archive no longer has the version that its index names, its original file may still be
# there, which other versions share. apt checks that one, too.
fetch_orig() {
    version=${version%-*}
    echo "fetching $package $version: the original archive alone, as its other files cannot be had"
    (cd "$folder" && apt-get source --download-only --tar-only "$package") >>"$log" 2>&1 || return 1
    mkdir "$folder/$package-$version"
    tar -x -C "$folder/$package-$version" --strip-components=1 \
        -f "$folder/${package}_$version".orig.tar.*
}

fetch() {
    echo "fetching $package $version"
    (cd "$folder" && apt-get source "$package") >>"$log" 2>&1 ||
        { [ -n "$orig" ] && fetch_orig; } || {
        tail -n 40 "$log" >&2
        fail "apt-get source $package failed; all of it is in $log"
    }
    mv "$folder/$package-$series".*/ "$folder/$package"
    printf '%s\n' "$version" >"$folder/unpacked"
}

[ ! -f "$folder/unpacked" ] || exit 0
command -v apt-get >/dev/null || no_source 'there is no apt-get; it takes a Debian or Ubuntu'
rm -rf "$folder"
mkdir -p "$folder"
log=$folder/apt.log
# As the system has it, not as our own apt will.
site=$(debian_site)
own_apt "$folder/apt"
find_package
fetch
