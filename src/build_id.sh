#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Writes the header that tells one build of the library from another: all that it shares with its
# modules stands in headers and in config.h, and their checksum is in ZM_BUILD. And a file for Ninja,
# which says what it was made of.
#
# usage: build_id.sh VERSION ROOT CONFIG_H OUTPUT DEPFILE
set -eu
LC_ALL=C
export LC_ALL

version=$1 root=$2 config=$3 output=$4 depfile=$5

set -- "$config" "$root"/include/*.h "$root"/include/zmalloc/*.h "$root"/src/*.h "$root"/src/*/*.h
sum=$(cat "$@" | cksum)
cat >"$output" <<END
/* Made by src/build_id.sh. */
#define ZM_BUILD "$version, build $(printf %08x "${sum%% *}")"
END
printf '%s:' "${output##*/}" >"$depfile"
printf ' %s' "$@" >>"$depfile"
echo >>"$depfile"
