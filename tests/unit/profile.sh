#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Heap profiling by jemalloc, where the jemalloc at hand is built with it: a profile at exit tells
# how much profile_program.c has not freed, and from where it allocated. Then the same where the
# libraries for it are not there, which REFUSING simulates (refuse_dlopen.c). NO_UNWINDER=yes says that
# the compiler has no unwinder for this C library: then a message says so, and no profile has stacks.
#
# usage: profile.sh PROGRAM [REFUSING]
set -eu

program=$1 refusing=${2-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
options=prof:true,prof_leak:true,prof_final:true,lg_prof_sample:10,prof_prefix:$work/heap
unset LD_PRELOAD || true
LC_ALL=C
export LC_ALL

# profile STATUS [VARIABLE=VALUE...]: runs the program; its profile is $work/heap.*, its stderr
# $work/err.
profile() {
    wanted=$1 status=0
    shift
    rm -f "$work"/heap.*
    env "$@" ZMALLOC_BACKEND=jemalloc MALLOC_CONF="$options" "$program" \
        >"$work/out" 2>"$work/err" || status=$?
    if grep -q 'Invalid conf pair: prof:true' "$work/err"; then
        echo "skipped: this jemalloc is built without heap profiling"
        exit 77
    fi
    if [ "$status" -ne "$wanted" ]; then
        echo "status $status, not $wanted"
        cat "$work/err"
        exit 1
    fi
}

fail() {
    echo "$1"
    cat "$work/err" "$work"/heap.*
    exit 1
}

# Of 1024 blocks of 1 KiB one sample per KiB finds 1 MiB, with a standard deviation of 2.4 %.
check_amount() {
    bytes=$(sed -n 's/.*Leak approximation summary: ~\([0-9]*\) bytes.*/\1/p' "$work/err")
    if [ -z "$bytes" ] || [ "$bytes" -lt 850000 ] || [ "$bytes" -gt 1250000 ]; then
        fail "not 1 MiB: ${bytes:-nothing}"
    fi
    head -n 1 "$work"/heap.*.f.heap | grep -q -x 'heap_v2/1024' || fail "no profile"
}

# The calls of the function that calls itself.
has_stacks() {
    awk '/^@/ {
        split("", seen)
        for (i = 2; i <= NF; i++)
            found = found || ++seen[$i] == 20
    } END { exit !found }' "$work"/heap.*.f.heap
}

# says WHAT WHY
says() {
    grep -q "^zmalloc: $1: .*: .*$2" "$work/err" || fail "no message: $1: $2"
}

if [ "${NO_UNWINDER:-}" ]; then
    profile 0
    check_amount
    ! has_stacks || fail "stacks without an unwinder"
    grep -q '^zmalloc: jemalloc profiles the heap without call stacks: .' "$work/err" || fail "no message"
    echo "ok: without an unwinder a profile without stacks"
    exit
fi

profile 0
check_amount
has_stacks || fail "no stacks"
! grep '^zmalloc: ' "$work/err" || fail "a message"
echo "ok: a profile with stacks"

if [ -n "$refusing" ]; then
    profile 0 LD_PRELOAD="$refusing" REFUSED_LIBRARY=libgcc_s.
    check_amount
    ! has_stacks || fail "stacks without libgcc_s"
    says 'jemalloc profiles the heap without call stacks' 'No such file or directory'
    echo "ok: without libgcc_s a profile without stacks"

    profile 134 LD_PRELOAD="$refusing" REFUSED_LIBRARY=libm.
    says 'jemalloc cannot profile the heap' 'No such file or directory'
    echo "ok: without libm a message"

    profile 134 LD_PRELOAD="$refusing" REFUSED_LIBRARY=libm. INSTEAD=libgcc_s.so.1
    says 'jemalloc cannot profile the heap' 'undefined symbol: exp'
    echo "ok: with a libm that lacks a function a message"
fi
