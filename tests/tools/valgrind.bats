#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
#
# Each verb under valgrind: no misuse of memory, and no leak.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load common

# clean STATUS ARGUMENT...
clean() {
    local status=$1
    shift
    skip_without_valgrind
    run -"$status" valgrind --quiet --leak-check=full --error-exitcode=99 \
        --child-silent-after-fork=yes --log-file=valgrind.%p "$ZMALLOC_TOOL" "$@"
    [ -z "$(cat valgrind.*)" ]
}

@test "help and version are clean" {
    clean 0 --help
    clean 0 --version
    clean 2 nonsense
}

@test "run is clean" {
    clean 0 run --help
    clean 2 run --sttas json ls
    clean 127 run no-such-program
    clean 2 run -b lbic -- "$PROGRAM" 1000
    clean 0 run -b lbic,x+libc,libc -- true
}

@test "compare is clean" {
    clean 0 compare --help
    clean 0 compare -b libc,native -n 6 --json result -- "$PROGRAM" 1000
    COLUMNS=40 clean 0 compare -b libc,native -n 6 -- "$PROGRAM" 1000
}

@test "compare with a chart is clean" {
    skip_without gnuplot
    clean 0 compare -b libc -n 1 --chart chart.svg -- "$PROGRAM" 1000
}

@test "compare is clean if it fails" {
    clean 2 compare -b nonsense -- ls
    clean 2 compare --backends=nonsense+libc -- ls
    clean 2 compare -n 0 -- ls
    clean 1 compare -n 1 -- false
    clean 127 compare -n 1 -- no-such-program
}
