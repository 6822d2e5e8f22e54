#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Shows what SERVER does at the hard limit of zmalloc, ZMALLOC_LIMIT: with no maxmemory it ends and says
# for how many bytes; with one below the limit its clients get errors and it goes on. One line a check;
# the exit status is 1 if one has failed.
#
# usage: examples/SERVER/limit.sh [SUBJECT...]
#
#   SUBJECT   a backend of zmalloc; all five if not said

# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"

limit=$((64 << 20))
maxmemory=$((limit * 9 / 10))

take_arguments 'SUBJECT...' "$@"
: "${subjects:=$backends}"
for subject in $subjects; do
    case $subject in
    stock*) refuse "$subject has its own zmalloc, which knows no ZMALLOC_LIMIT" ;;
    esac
done
# shellcheck disable=SC2086
need_built $subjects
make_work "$server-$script"

# When the server ends this way it also tests the memory, by writing to all of it. A thread of the
# allocator may need that meanwhile, and then the end is another.
start_limited() {
    ZMALLOC_LIMIT=$limit
    export ZMALLOC_LIMIT
    start server "$subject" --crash-memcheck-enabled no "$@"
    unset ZMALLOC_LIMIT
}

# ---- What it asks for with try functions ----

lcs_is_refused() {
    cli server setrange one 5000 x
    cli server setrange other 5000 x
    answer '^ERR Insufficient memory' server lcs one other
}

# A value of 20 MB, which is small when it is dumped, until no more of them fit.
restore_is_refused() {
    cli server setrange value 20000000 x
    cli server dump value | head -c -1 >"$work/dump"
    for copy in 1 2 3 4; do
        answer '^OK' server -x restore copy-$copy 0 <"$work/dump" || break
    done
    # The server has no other words for a value that it could not make.
    grep '^ERR Bad data format' "$work/answer" && [ "$copy" -gt 1 ]
}

# ---- The end of a server ----

# aborts AT_LEAST: whether the server ended by its own abort, which is SIGABRT, and not by the kernel's
# SIGKILL, and has said what for: so many bytes or more.
aborts() {
    status=0
    await_end server || status=$?
    bytes=$(sed -n 's/.*# Out Of Memory allocating \([0-9]*\) bytes!$/\1/p' "$work/server/log")
    echo "it ended with status $status, out of memory for '$bytes' bytes"
    [ "$status" -eq $((128 + 6)) ] && [ "${bytes:-0}" -ge "$1" ]
}

huge_request_ends_it() {
    cli server setrange huge 100000000 x || true
    aborts 100000000
}

write_without_end() {
    "$tools/$server-benchmark" -h 127.0.0.1 -p "$(cat "$work/server/port")" \
        -t set -n 100000000 -r 100000000 -d 1000 -P 16 -q >/dev/null 2>&1 || true
    aborts 1 # the first request that finds no room may be for a key
}

# ---- With maxmemory ----

# Values of 1 MB, more than there is room for.
oom_to_clients() {
    for value in $(seq 100); do
        if ! answer '^[0-9]' server setrange "value-$value" 1000000 x; then
            grep '^OOM command not allowed when used memory > .maxmemory' "$work/answer"
            return
        fi
    done
    return 1
}

freeing_makes_room() {
    answer '^[1-9]' server del value-1 value-2 value-3 &&
        answer '^OK' server set again yes
}

huge_request_is_refused() {
    answer '^ERR string exceeds maximum allowed size' server setrange huge 100000000 x
}

ends_well() {
    stop server && ! grep 'Out Of Memory' "$work/server/log"
}

for subject in $subjects; do
    start_limited
    check 'LCS that needs 100 MB: an error' lcs_is_refused
    check 'RESTORE of more than fits: an error' restore_is_refused
    check 'the server answers' answer '^PONG' server ping
    check 'SETRANGE of 100 MB: the server says so and aborts' huge_request_ends_it
    start_limited
    check 'writes without end: the server says so and aborts' write_without_end
    start_limited --maxmemory $maxmemory --proto-max-bulk-len 2mb
    check 'writes beyond maxmemory: OOM to clients' oom_to_clients
    check 'the server answers' answer '^PONG' server ping
    check 'and it reads' answer '^1000001' server strlen value-1
    check 'and it writes again after something was deleted' freeing_makes_room
    check 'SETRANGE of 100 MB: an error' huge_request_is_refused
    check 'the server ends well' ends_well
done
conclude
