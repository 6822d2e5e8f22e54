#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
#
# zmalloc compare on a terminal and without one: Ctrl-C, progress, colours.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load common

# The fourth run does not end by itself.
endless='echo run >>runs
    [ "$(wc -l <runs)" -lt 4 ] && exec "$PROGRAM" 1000
    echo $$ >pid; mv pid endless; exec sleep 1000'

start_endless() {
    env --default-signal=INT,TERM,HUP "$ZMALLOC_TOOL" compare --preload=never -b libc,native \
        --warmup 0 --json result -- sh -c "$endless" >stdout 2>stderr &
    compare=$!
    wait_for endless
}

@test "Ctrl-C ends the program and shows what was measured" {
    start_endless
    kill -INT "$compare"
    ends_with 130 "$compare"
    is_over "$(cat endless)"
    grep -q '^1 to 2 runs on each of 2 backends, .*, after 0 to warm up; interrupted$' stdout
    grep -q '^wall time' stdout
    [ ! -s stderr ]
    [ "$(json result 'd["interrupted"]')" = True ]
    [ "$(json result 'sum(len(b["samples"]) for b in d["backends"])')" = 3 ]
    nothing_temporary_is_left
}

@test "SIGTERM and SIGHUP do the same" {
    for signal in TERM HUP; do
        rm -f runs endless
        start_endless
        kill -"$signal" "$compare"
        ends_with 130 "$compare"
        is_over "$(cat endless)"
        nothing_temporary_is_left
    done
}

@test "what was ignored when it started stays so" {
    (
        trap '' HUP
        exec "$ZMALLOC_TOOL" compare --preload=never -b libc -n 4 --warmup 0 -- sh -c "$endless" >stdout
    ) &
    compare=$!
    wait_for endless
    kill -HUP "$compare"
    kill "$(cat endless)"
    ends_with 1 "$compare"
    grep -q '^No verdict: nothing was measured.$' stdout
}

@test "all that the program has started ends with it, also what does not want to" {
    env --default-signal=INT "$ZMALLOC_TOOL" compare --preload=never -b libc -- \
        sh -c 'trap "" TERM; sleep 1000 & echo $! >child
            echo $$ >pid; mv pid endless; wait; sleep 1000' >stdout &
    compare=$!
    wait_for endless
    kill -INT "$compare"
    kill -INT "$compare"
    ends_with 130 "$compare"
    is_over "$(cat endless)"
    is_over "$(cat child)"
    nothing_temporary_is_left
}

@test "where nothing was measured yet there is nothing to show" {
    touch runs
    env --default-signal=INT "$ZMALLOC_TOOL" compare --preload=never -b libc -- \
        sh -c 'echo $$ >pid; mv pid endless; exec sleep 1000' >stdout &
    compare=$!
    wait_for endless
    kill -INT "$compare"
    ends_with 130 "$compare"
    [ "$(cat stdout)" = $'\nNo verdict: nothing was measured.' ]
}

@test "should the command be killed, so is the program" {
    start_endless
    kill -KILL "$compare"
    ends_with 137 "$compare"
    is_over "$(cat endless)"
}

# with_terminal FILE COMMAND...: runs it on a terminal of its own, whose keys come from stdin; the file
# has what it writes there. The shell that reads the command is the user's, if not said: what bash
# quotes only bash can read.
with_terminal() {
    local file=$1
    shift
    SHELL=$BASH script -qec "$(printf '%q ' "$@")" "$file" >/dev/null 3>&-
}

on_terminal() {
    skip_without script
    with_terminal "$@" </dev/null
}

@test "the key Ctrl-C on a terminal does it" {
    skip_without script
    mkfifo keys
    with_terminal terminal env --default-signal=INT "$ZMALLOC_TOOL" compare --preload=never -b libc,native \
        --warmup 0 -- sh -c "$endless" <keys &
    session=$!
    exec 9>keys
    wait_for endless
    printf '\003' >&9
    exec 9>&-
    ends_with 130 "$session"
    is_over "$(cat endless)"
    grep -q 'interrupted' terminal
}

@test "on a terminal there is progress, with the time that is left, and it is taken away" {
    on_terminal terminal "$ZMALLOC_TOOL" compare --preload=never -b libc -n 2 -- "$PROGRAM" 1000
    grep -q $'\r\033\[Krun 1 of 3, libc' terminal
    grep -q -E $'\r\033\\[Krun 3 of 3, libc, [0-9]+ s left\r\033\\[K' terminal
}

@test "without a terminal there is no progress and no colour" {
    zmalloc compare -b libc -n 2 -- "$PROGRAM" 1000 >stdout 2>stderr
    [ ! -s stderr ]
    absent $'\033' stdout
}

@test "a terminal that understands nothing gets neither" {
    TERM=dumb on_terminal terminal "$ZMALLOC_TOOL" compare --preload=never -b libc -n 2 -- "$PROGRAM" 1000
    absent $'\033' terminal
    absent 'run 1 of' terminal
}

@test "colours are for terminals, and never with NO_COLOR" {
    on_terminal coloured "$ZMALLOC_TOOL" compare --preload=never -b libc -n 2 -- "$PROGRAM" 1000
    grep -q $'\033\[1m' coloured
    NO_COLOR=1 on_terminal plain "$ZMALLOC_TOOL" compare --preload=never -b libc -n 2 -- "$PROGRAM" 1000
    absent $'\033\[[0-9]*m' plain
    NO_COLOR='' on_terminal coloured "$ZMALLOC_TOOL" compare --preload=never -b libc -n 2 -- "$PROGRAM" 1000
    grep -q $'\033\[1m' coloured
}
