#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# What is said of a backend that is known but not in the build, by the variable, by zmalloc_init()
# and where it is the build's default: a small build, static and without jemalloc and tcmalloc.
#
# usage: not_built.sh SOURCE_ROOT MESON COMPILER [ARGUMENT...]
set -eu

root=$1 meson=$2
shift 2
CC=$*
export CC
unset CFLAGS LDFLAGS DESTDIR ZMALLOC_BACKEND ZMALLOC_STATS ZMALLOC_DEBUG ZMALLOC_FAIL ZMALLOC_LIMIT LD_LIBRARY_PATH || true

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

# cmocka and mimalloc may be from source, but only from what is there.
if ! { "$meson" setup "$build" "$root" --wrap-mode=nodownload --buildtype=plain -Ddefault_library=static \
    -Ddefault_backend='jemalloc, foo' \
    -Dtests=enabled -Dnative=enabled -Djemalloc=disabled -Dtcmalloc=disabled -Dtools=disabled -Ddocs=disabled \
    -Dbench=disabled &&
    "$meson" compile -C "$build" chosen; } >"$build/log" 2>&1; then
    cat "$build/log"
    exit 1
fi

chosen=$build/tests/support/chosen
failures=0
# A mimalloc from source is built in, the system's is a module.
available='libc native'
! grep -q '#define ZM_STATIC_MIMALLOC_ORIGIN BUILT_IN' "$build/config.h" || available="$available mimalloc"

# The words to chosen; then expected are its status, stdout and stderr, the last two as for %b of printf.
expect() {
    status=0
    # shellcheck disable=SC2086
    "$chosen" $words >"$build/out" 2>"$build/err" || status=$?
    printf '%b' "$2" >"$build/expected.out"
    printf '%b' "$3" >"$build/expected.err"
    if [ "$status" != "$1" ] || ! diff "$build/expected.out" "$build/out" ||
        ! diff "$build/expected.err" "$build/err"; then
        echo "not as expected: ZMALLOC_BACKEND=${ZMALLOC_BACKEND-} chosen $words: status $status"
        failures=$((failures + 1))
    fi
}

jemalloc="not in this build: disabled with -Djemalloc=disabled; available: $available\n"
tcmalloc="not in this build: disabled with -Dtcmalloc=disabled; available: $available\n"
unknown="unknown backend; available: $available\n"

# The default of the build.
for words in 'alloc name' 'name' 'init foo name'; do
    case $words in init*) out='ENOENT\n' ;; *) out='' ;; esac
    expect 78 "$out" "zmalloc: default_backend=\"jemalloc, foo\": \"jemalloc\": ${jemalloc}\
zmalloc: default_backend=\"jemalloc, foo\": \"foo\": $unknown"
done
words='init - init libc init - alloc name'
expect 0 'ENOTSUP\n0\n0\nlibc\n' ''

# What the program asks for.
words='init jemalloc init foo,jemalloc,FOO init jemalloc,native alloc name'
expect 0 'ENOTSUP\nENOTSUP\n0\nnative\n' ''
words='init native init jemalloc init foo'
expect 0 '0\nEBUSY\nENOENT\n' ''

# What the operator asks for.
export ZMALLOC_BACKEND
ZMALLOC_BACKEND=jemalloc words=name
expect 78 '' "zmalloc: ZMALLOC_BACKEND=\"jemalloc\": \"jemalloc\": $jemalloc"
ZMALLOC_BACKEND=tcmalloc,jemalloc
expect 78 '' "zmalloc: ZMALLOC_BACKEND=\"tcmalloc,jemalloc\": \"tcmalloc\": ${tcmalloc}\
zmalloc: ZMALLOC_BACKEND=\"tcmalloc,jemalloc\": \"jemalloc\": $jemalloc"
ZMALLOC_BACKEND=jemalloc,tcmalloc,libc words='name alloc init jemalloc init jemalloc,libc'
expect 0 'libc\nEBUSY\n0\n' ''

# The static library opens no modules, foreign ones neither.
ZMALLOC_BACKEND=mimalloc words=name
if grep -q '#define ZM_MIMALLOC_ORIGIN MODULE' "$build/config.h"; then
    expect 78 '' "zmalloc: ZMALLOC_BACKEND=\"mimalloc\": \"mimalloc\": not in this build: it is a \
module, and the static library opens none; available: $available\n"
elif grep -q '#define ZM_STATIC_MIMALLOC_ORIGIN BUILT_IN' "$build/config.h"; then
    expect 0 'mimalloc\n' ''
fi
ZMALLOC_BACKEND=toy
expect 78 '' "zmalloc: ZMALLOC_BACKEND=\"toy\": \"toy\": $unknown"

exit "$failures"
