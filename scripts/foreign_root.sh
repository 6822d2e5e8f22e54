#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Makes a root folder of another processor from Debian's packages: what a cross compiler takes as its
# --sysroot, and an emulator as the place of libraries. The system is left as it is, and no program
# of the packages is run.
#
# usage: scripts/foreign_root.sh ARCHITECTURE RELEASE FOLDER PACKAGE...
#        say, s390x bookworm build/root libc6-dev libmimalloc-dev
#
# The root is then in FOLDER/root, with all that the packages depend on, and their versions are in
# FOLDER/unpacked. If it is there already, nothing is done. If the packages cannot be had from here,
# the exit status is 77 and the last line says why.
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/own_apt.sh
. "$(dirname "$0")/own_apt.sh"

case ${1:-} in
-*) take_arguments '' "$1" ;;
esac
[ $# -ge 4 ] || refuse "say an architecture, a release, a folder and packages; --help says more"
architecture=$1 release=$2 folder=$(full_path "$3")
shift 3
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

no_packages() {
    echo "no packages: $*" >&2
    exit 77
}

# As if nothing were installed, so that apt fetches all that is needed.
set_architecture() {
    : >"$apt/status"
    cat >"$apt/conf.d/zzz-foreign" <<END
APT::Architecture "$architecture";
#clear APT::Architectures;
APT::Architectures { "$architecture"; };
APT::Install-Recommends "false";
Acquire::Languages "none";
Dir::State::status "$apt/status";
END
    echo "deb [signed-by=$keyring] $site $release main" >"$apt/sources.d/debian.list"
}

download() {
    log=$folder/apt.log
    if ! { apt-get update && apt-get install -y --download-only "$@"; } >"$log" 2>&1; then
        no_packages "$release $architecture: $(grep '^E:' "$log" | head -n 1)"
    fi
}

# In every release now, /lib is /usr/lib, but not in every package. Links from the root lead into it.
unpack() {
    mkdir -p "$root/usr"
    for name in bin lib lib64 sbin; do
        mkdir "$root/usr/$name"
        ln -s "usr/$name" "$root/$name"
    done
    for package in "$apt"/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" >"$folder/package.tar"
        tar -x -C "$root" --keep-directory-symlink --no-same-owner -f "$folder/package.tar"
    done
    rm "$folder/package.tar"
    find "$root" -lname '/*' | while read -r link; do
        ln -sfr "$root$(readlink "$link")" "$link"
    done
}

[ ! -f "$folder/unpacked" ] || exit 0
command -v apt-get >/dev/null || no_packages 'there is no apt-get; it takes a Debian or Ubuntu'
[ -f "$keyring" ] || no_packages "there is no $keyring"
site=$(debian_site)
root=$folder/root
rm -rf "$folder"
mkdir -p "$folder"
own_apt "$folder/apt"
set_architecture
echo "fetching $release for $architecture"
download "$@"
unpack
for package in "$apt"/cache/archives/*.deb; do
    dpkg-deb --show "$package"
done >"$folder/versions"
rm -rf "$apt"
mv "$folder/versions" "$folder/unpacked"
