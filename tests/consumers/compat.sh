#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The headers in the place of those of Redis and Valkey, installed and found through pkg-config.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"
need meson ninja pkg-config nm

install_library both "$work/prefix" -Ddefault_library=both
mkdir -p "$prefix/bin"

# flags_of SOURCE FLAG...
flags_of() {
    package=zmalloc-$1
    shift
    flags_of_library "$@"
}

# shellcheck disable=SC2046
build_program() {
    compile_c -Wno-deprecated-declarations -I"$tree/tests/headers" "$tree/tests/compat/$1.c" \
        -o "$prefix/bin/$1" $(flags_of "$1" --cflags --libs) "$beside_library"
}

for server in redis7 valkey9; do
    check "a program links with pkg-config zmalloc-$server" build_program "$server"
    check_backends "$server runs" "$backends" "$prefix/bin/$server"
done

# ---- A header of theirs that came first ----

# shellcheck disable=SC2046
refuses_theirs() {
    printf '#define __ZMALLOC_H\n#include <zmalloc.h>\n' >"$work/theirs.c"
    ! compile_c -c "$work/theirs.c" -o "$work/theirs.o" $(flags_of "$1" --cflags) 2>"$work/said" &&
        grep -q 'own zmalloc.h came first: remove it' "$work/said"
}

for server in redis7 valkey9; do
    check "$server: a header of theirs that comes first is refused" refuses_theirs "$server"
done

# ---- The archives ----

# The names of the functions that the sources of each server declare by themselves, and those behind the macros
# of a header.
redis7_names='je_get_defrag_hint zcalloc zcalloc_num zfree zmalloc zrealloc'
valkey9_names='valkey_calloc valkey_free valkey_malloc valkey_malloc_cache_aligned valkey_realloc
    zcalloc_num zmalloc_valkey9_calloc zmalloc_valkey9_mallctl zmalloc_valkey9_mallctlbymib
    zmalloc_valkey9_mallctlnametomib zmalloc_valkey9_mallocx zmalloc_valkey9_sdallocx'

# defines_alone SERVER NAME...
defines_alone() {
    server=$1
    shift
    printf '%s\n' "$@" >"$work/expected"
    nm -g --defined-only "$prefix/lib/libzmalloc-$server.a" | awk 'NF == 3 {print $3}' | sort \
        >"$work/defined"
    diff -u "$work/expected" "$work/defined"
}

# shellcheck disable=SC2086
check "redis7's archive defines Redis's names and no others" defines_alone redis7 $redis7_names
# shellcheck disable=SC2086
check "valkey9's archive defines Valkey's names and no others" defines_alone valkey9 $valkey9_names
