#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Programs with a static zlib, which has a zcalloc of its own, and this library.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"
need meson ninja pkg-config nm

libz=$(${CC:-cc} -print-file-name=libz.a)
if [ ! -f "$libz" ]; then
    skip "there is no libz.a"
fi

install_library both "$work/prefix" -Ddefault_library=both

# ---- Neither form of the library has those names ----

defines_no_such_names() {
    nm --defined-only "$@" "$prefix/lib/$library" >"$work/symbols" &&
        grep -q ' zml_zcalloc' "$work/symbols" &&
        absent ' (zcalloc|zcfree)(@|$)' "$work/symbols"
}

library=libzmalloc.so
check "libzmalloc.so exports neither zcalloc nor zcfree" defines_no_such_names -D
library=libzmalloc.a
check "libzmalloc.a defines neither" defines_no_such_names

# ---- Each program calls the right one, whichever library comes first ----

program=$prefix/bin/both_z
mkdir -p "$prefix/bin"

# build_program LIBRARY...
# shellcheck disable=SC2046
build_program() {
    compile_c "$here/both_z.c" -o "$program" $(flags_of_library --cflags) "$beside_library" "$@" \
        $(flags_of_library --static --libs | sed 's/-lzmalloc//') && has_both
}

has_both() {
    nm "$program" >"$work/symbols" &&
        grep -q ' [Tt] zcalloc$' "$work/symbols" && grep -q ' zml_zcalloc' "$work/symbols"
}

check "a program links libz.a, then libzmalloc.so" build_program "$libz" -lzmalloc
check_backends "libz.a first: each calls its own" "$backends" "$program"
check "a program links libzmalloc.so, then libz.a" build_program -lzmalloc "$libz"
check_backends "libzmalloc.so first: each calls its own" "$backends" "$program"
check "a program links libz.a, then libzmalloc.a" \
    build_program "$libz" "$prefix/lib/libzmalloc.a"
check_backends "libz.a first, static: each calls its own" "$in_archive" "$program"
check "a program links libzmalloc.a, then libz.a" \
    build_program "$prefix/lib/libzmalloc.a" "$libz"
check_backends "libzmalloc.a first: each calls its own" "$in_archive" "$program"
