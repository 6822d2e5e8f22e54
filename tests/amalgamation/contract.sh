#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Tests of the contract (tests/unit) with the one file in the place of the library: those that need
# nothing but the public functions.
# shellcheck source-path=SCRIPTDIR source=made.sh disable=SC1091
. "$(dirname "$0")/made.sh"
if [ -z "${CMOCKA_LIBS:-}" ]; then
    need pkg-config
    pkg-config --exists cmocka || skip "there is no cmocka"
    CMOCKA_CFLAGS=$(pkg-config --cflags cmocka)
    CMOCKA_LIBS=$(pkg-config --libs cmocka)
fi

unit=$here/../unit support=$here/../support

# They ask for the headers that are one here.
mkdir "$work/headers"
for header in zmalloc_backend zmalloc_fail zmalloc_sample zmalloc_zone; do
    echo '#include "zmalloc.h"' >"$work/headers/$header.h"
done

# compile_test OUTPUT FILE OR FLAG...: without optimization, which takes less than a test does.
# shellcheck disable=SC2086
compile_test() {
    output=$1
    shift
    compile_c -O0 -D_GNU_SOURCE -I"$made" -I"$work/headers" -I"$support" \
        ${CMOCKA_CFLAGS:-} "$@" -o "$output"
}

printf '#include <setjmp.h>\n#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n' >"$work/empty.c"
printf '#include <cmocka.h>\nint main(void) { return 0; }\n' >>"$work/empty.c"
# shellcheck disable=SC2086
compile_test "$work/empty" "$work/empty.c" $CMOCKA_LIBS >"$work/output" 2>&1 ||
    skip "cmocka is not for this compiler"

pieces='support api uses'
compile_pieces() {
    for piece in $pieces; do
        compile_test "$work/$piece.o" -c "$support/$piece.c" || return 1
    done
    ar rc "$work/support.a" "$work"/[!z]*.o
}

# shellcheck disable=SC2086
link_test() {
    compile_test "$work/test_$1" "$unit/test_$1.c" "$work/support.a" "$work/zmalloc.o" \
        $CMOCKA_LIBS -pthread -ldl
}

# They show what they show without their full length, too.
passes() {
    ZMALLOC_TEST_SCALE=0.1 ZMALLOC_BACKEND=$1 ZMALLOC_UNDER_TEST=${1##*+} "$work/test_$2"
}

check "the one file compiles" compile "$work/zmalloc.o" "${CC:-cc}" -O2
check "the support of the tests compiles" compile_pieces
for test in accounting aligned blocks free limits out_of_memory peak realloc stats table zones; do
    check "test_$test builds" link_test "$test"
    for backend in libc native; do
        check "test_$test passes, $backend" passes "$backend" "$test"
    done
done
check "test_prefix builds" link_test prefix
check "test_prefix passes, libc" passes libc prefix
check "test_fail builds" link_test fail
check "test_fail passes, fail+libc" passes fail+libc fail
