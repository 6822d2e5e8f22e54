#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Fetches a source package of this system's release and unpacks it. The system is left as it is.
#
# usage: scripts/source_package.sh PACKAGE SERIES FOLDER     say, redis 7.0 build/source
#
# The source is then in FOLDER/PACKAGE, and its version in FOLDER/unpacked. If it is there already,
# nothing is done. If there is no such package, or it is not of the series, the exit status is 77 and
# the last line says why.
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/own_apt.sh
. "$(dirname "$0")/own_apt.sh"

case ${1:-} in
-*) take_arguments '' "$1" ;;
esac
[ $# -eq 3 ] || refuse "say a package, a series and a folder; --help says more"
package=$1 series=$2 folder=$(full_path "$3")

no_source() {
    echo "no source package: $*" >&2
    exit 77
}

# The system's sources of packages, as such of source packages, in both of apt's forms.
write_sources() {
    for file in /etc/apt/sources.list.d/*.sources; do
        [ ! -f "$file" ] || sed 's/^[Tt]ypes:.*/Types: deb-src/' "$file" \
            >"$apt/sources.d/$(basename "$file")"
    done
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -f "$file" ] || sed -n '/cdrom:/d; s/^[[:blank:]]*deb\(-src\)\{0,1\}[[:blank:]]/deb-src /p' \
            "$file" | sort -u >"$apt/sources.d/$(basename "$file" .list).list"
    done
}

# Sources of others may have no source packages, which makes the update fail; what counts is ours.
find_version() {
    log=$folder/apt.log
    apt-get update >"$log" 2>&1 || true
    uris=$(apt-get source --print-uris "$package" 2>>"$log") || no_source "$(tail -n 1 "$log")"
    version=$(printf '%s\n' "$uris" | sed -n "s/.* ${package}_\(.*\)\.dsc .*/\1/p")
    case $version in
    "$series".*) ;;
    *) no_source "this release has $package $version, not $series" ;;
    esac
}

unpack() {
    (cd "$folder" && apt-get source "$package") >>"$log" 2>&1 || {
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
own_apt "$folder/apt"
write_sources
find_version
echo "fetching $package $version"
unpack
