#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Heap profiling by jemalloc in a program with the shared library, which opens what that needs, and
# in one with the static library, which has it linked.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"
need meson ninja pkg-config

install_library both "$work/prefix" -Ddefault_library=both
if ! echo "$built_in" | grep -q -x jemalloc; then
    skip "this build has no jemalloc"
fi
program=$prefix/bin/profile
mkdir -p "$prefix/bin"

# shellcheck disable=SC2046
build() {
    compile_c "$tree/tests/unit/profile_program.c" -o "$program" $(flags_of_library --cflags) "$@"
}

profiles() {
    "$tree/tests/unit/profile.sh" "$program"
}

# shellcheck disable=SC2046
check "a program links the library" build $(flags_of_library --libs) "$beside_library"
if "$tree/tests/unit/profile.sh" "$program" | grep -q '^skipped'; then
    skip "this jemalloc is built without heap profiling"
fi
check "it profiles" profiles

static_flags=$(flags_of_library --static --libs)
# shellcheck disable=SC2046
check "a program links the static library" \
    build $(echo "$static_flags" | sed "s|-lzmalloc|$prefix/lib/libzmalloc.a|")
check "that one profiles" profiles

echo 'int main(void) { return 0; }' >"$work/empty.c"
if compile_c -static "$work/empty.c" -o "$work/empty" 2>/dev/null; then
    # shellcheck disable=SC2086
    check "a program links with -static" build -static $static_flags
    check "that one profiles, too" profiles
else
    echo "skipped: $script: there is no static C library"
fi
