#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Checks the models of the thread protocol with spin, exhaustively: what must hold, and that each
# WRONG_... is found. Fails also where a search did not come to its end. Skipped without spin.
#
# usage: tests/model/check.sh [--large]     --large: more operations and readings, for minutes
set -eu

folder=$(cd "$(dirname "$0")" && pwd)
large=no
case $# in
0) ;;
*)
    if [ "$#" -ne 1 ] || [ "$1" != --large ]; then
        echo "check.sh: '$*' is no argument of it; say nothing, or --large" >&2
        exit 2
    fi
    large=yes
    ;;
esac

for tool in spin "${CC:-cc}"; do
    # CC may have arguments.
    if ! command -v "${tool%% *}" >/dev/null; then
        echo "check.sh: no ${tool%% *}, so the model is not checked; apt-get install spin gcc"
        exit 77
    fi
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work"
failed=0

model=accounting.pml

# Writes what pan says of $model to the file pan.log. Arguments: definitions.
search() {
    optimize=-O1
    kind=-DSAFETY
    arguments=
    case " $* " in *' -DENDLESS '*) kind=-DNP arguments='-l -f' ;; esac
    # Where the search is short, the compiler takes longer.
    case "$model $*" in limit.pml*|weak*|*WRONG_*) optimize=-O0 ;; esac
    rm -f pan pan.log
    spin -a "$@" "$folder/$model" >pan.log 2>&1 || return 0
    # shellcheck disable=SC2086
    ${CC:-cc} "$optimize" -w "$kind" -DMEMLIM=4000 -o pan pan.c >>pan.log 2>&1 || return 0
    # shellcheck disable=SC2086
    ./pan -m1000000 $arguments >>pan.log 2>&1 || true
}

is_complete() {
    grep -q 'errors: ' pan.log &&
        ! grep -Eq 'Search not completed|max search depth|out of memory|MEMLIM' pan.log
}

# The first number after or before a word of pan's.
number() {
    sed -n "$1" pan.log | head -n 1
}

row() {
    printf '%-30s %10s %7s %6s  %s\n' "$@"
}

report() {
    row "$1" "$(number 's/^ *\([0-9.e+]*\) states, stored.*/\1/p')" \
        "$(number 's/.*depth reached \([0-9]*\).*/\1/p')" \
        "$(number 's/^pan: elapsed time \([0-9.e-]*\).*/\1/p')" "$2"
    case $2 in
    FAIL*)
        failed=$((failed + 1))
        sed 's/^/    /' pan.log | head -n 20
        ;;
    esac
}

# usage: operations OF-THREAD-0 OF-THREAD-1 OF-THREAD-2
operations() {
    echo "-DOPERATIONS_0=$1 -DOPERATIONS_1=$2 -DOPERATIONS_2=$3"
}

# usage: holds NAME DEFINITION...
holds() {
    name=$1
    shift
    search "$@"
    verdict='holds'
    if ! is_complete; then
        verdict='FAIL: the search is not complete'
    elif ! grep -q 'errors: 0$' pan.log; then
        verdict='FAIL: a counterexample'
    fi
    report "$name" "$verdict"
}

# usage: is_found NAME WHAT-PAN-SAYS DEFINITION...
is_found() {
    name=$1
    what=$2
    shift 2
    search "-D$name" "$@"
    verdict='found'
    # A mistake in the model itself.
    if ! grep -Fq "$what" pan.log || grep -q 'invalid array index' pan.log; then
        verdict="FAIL: not found (wanted: $what)"
    fi
    report "$name" "$verdict"
}

# Threads register before their first operation.
own='-DEARLY=0'
allocator='-DALLOCATOR_COUNTS'
peak='-DPEAK -DREADINGS=0 -DMUCH=9'
ends='-DSIGNALS=1 -DENDINGS=1 -DLOOKS_MAX=2'
signal='-DSIGNALS=1 -DLOOKS_MAX=2'

# Definitions are words.
# shellcheck disable=SC2046,SC2086
all_that_holds() {
    holds 'reading' $(operations 0 2 1)
    holds 'nodes are reused' $own -DREADINGS=0 $(operations 2 1 1)
    holds 'counts of allocator' $own $allocator $(operations 0 1 1)
    holds 'fork' $own -DFORKS=1 $(operations 0 1 1)
    holds 'fork, counts of allocator' $own $allocator -DFORKS=1 $(operations 0 1 0)
    holds 'clone' $own -DCLONE -DFORKS=1 -DBIRTHS=0 $(operations 1 1 0)
    holds 'signal' $own $signal -DREADINGS=0 $(operations 0 1 1)
    holds 'signal, in a reading' $own $signal $(operations 0 1 0)
    holds 'signal, counts of allocator' $own $allocator $signal -DREADINGS=0 $(operations 0 1 0)
    holds 'signal ends its thread' $own $allocator $ends $(operations 1 1 0)
    holds 'peak' $own $peak $(operations 0 2 0)
    holds 'peak, 3 operations' $own $peak $(operations 0 2 1)
    holds 'peak, reset' $own $peak -DRESETS=1 $(operations 0 2 0)
    holds 'store buffers' $own -DSTORE_BUFFERS $(operations 0 1 1)
    holds 'readings end' -DENDLESS $(operations 0 1 0)
}

# shellcheck disable=SC2046,SC2086
more_that_holds() {
    holds 'reading, 4 operations' $(operations 0 2 2)
    holds 'reading, much is two' -DMUCH=2 $(operations 0 2 2)
    holds 'reading, own nodes' $own $(operations 0 2 1)
    holds 'two readings' $own -DREADINGS=2 -DLOOKS_MAX=2 $(operations 0 1 1)
    holds 'counts of allocator' $own $allocator $(operations 0 2 1)
    holds 'fork, counts of allocator' $own $allocator -DFORKS=1 $(operations 1 1 0)
    holds 'fork, counts of allocator' $own $allocator -DFORKS=1 $(operations 0 1 1)
    holds 'signal, in a reading' $own $signal $(operations 0 2 0)
    holds 'signal, counts of allocator' $own $allocator $signal -DREADINGS=0 $(operations 1 1 0)
    holds 'peak, reset' $own $peak -DRESETS=1 $(operations 0 1 1)
    holds 'store buffers' $own -DSTORE_BUFFERS $(operations 0 2 1)
    holds 'readings end' -DENDLESS $(operations 0 1 1)
}

# shellcheck disable=SC2046,SC2086
all_that_is_found() {
    is_found WRONG_SUBTRACT_FIRST 'least>=low' $own $(operations 0 2 1)
    is_found WRONG_ALLOCATED_FIRST 'assertion violated' $own $(operations 0 2 1)
    is_found WRONG_ONE_LOOK 'least<=' $own $(operations 0 2 1)
    is_found WRONG_SLABS_SEEN_ONCE 'assertion violated' $own $(operations 0 2 1)
    is_found WRONG_STARTS_AT_ZERO 'assertion violated' $own $(operations 0 1 1)
    is_found WRONG_NO_CAS 'assertion violated' $own $(operations 0 1 1)
    is_found WRONG_RELEASED_BEFORE_COPY 'assertion violated' $own $allocator $(operations 0 1 1)
    is_found WRONG_NO_WAIT '!(gone[' $own $allocator $(operations 0 1 1)
    is_found WRONG_INSIDE_AFTER_SOURCE '!(gone[' $own $allocator $(operations 0 1 1)
    is_found WRONG_LAST_ROUND '!(gone[' $own $allocator $(operations 0 1 1)
    is_found WRONG_CHILD_KEEPS_NODES 'assertion violated' $own -DFORKS=1 $(operations 0 1 1)
    is_found WRONG_CHILD_COPIES_NOTHING 'assertion violated' $own $allocator \
        -DFORKS=1 $(operations 0 1 0)
    is_found WRONG_CHILD_KEEPS_INSIDE 'invalid end state' $own $allocator \
        -DFORKS=1 $(operations 1 1 0)
    is_found WRONG_WAITS_FOR_ITSELF 'invalid end state' $own $allocator $ends $(operations 1 0 0)
    is_found WRONG_WAITS_FOR_ITS_DEPTH 'invalid end state' $own $allocator $ends $(operations 1 1 0)
    is_found WRONG_DEPTH_APART 'invalid end state' $own $allocator $ends $(operations 1 0 0)
    is_found WRONG_NO_KEY 'invalid end state' $own $allocator $ends $(operations 0 1 0)
    is_found WRONG_PEAK_STORED 'peak>=' $own $peak $(operations 0 2 1)
    is_found WRONG_RESET_LAST 'peak>=' $own $peak -DRESETS=1 $(operations 0 2 1)
    is_found WRONG_STORE_ORDER 'least>=low' $own -DSTORE_BUFFERS $(operations 0 2 1)
    is_found WRONG_ENDLESS_LOOKS 'non-progress cycle' -DENDLESS $(operations 0 1 0)
}

weak_order() {
    model=weak.pml
    shared='-DLIVE_0=false'
    holds 'weak order'
    holds 'weak order, shared' $shared
    holds 'weak order, all shared' $shared -DLIVE_1=false
    is_found WRONG_ALLOCATED_RELAXED 'freed_second'
    is_found WRONG_FREED_RELAXED 'allocated_second>=freed_first'
    is_found WRONG_SHARED_ALLOCATED_RELAXED 'freed_second' $shared
    is_found WRONG_SHARED_FREED_RELAXED 'allocated_second>=freed_first' $shared
    is_found WRONG_FREED_LOADS_RELAXED 'allocated_second>=freed_first'
    is_found WRONG_ALLOCATED_LOADS_RELAXED 'freed_second'
}

more_weak_order() {
    model=weak.pml
    holds 'weak order, 6' -DOPERATIONS=6
    holds 'weak order, shared, 6' $shared -DOPERATIONS=6
}

weak_nodes() {
    model=weak_nodes.pml
    holds 'weak order, nodes' -DOWN_COUNTS
    holds 'weak order, sources'
    is_found WRONG_STATE_RELAXED 'count==1' -DOWN_COUNTS
    is_found WRONG_CLAIM_RELAXED 'count==1' -DOWN_COUNTS
    is_found WRONG_COPIED_RELAXED 'first<=second'
    is_found WRONG_PUBLISHED_RELAXED 'whose!=0'
    is_found WRONG_SOURCE_LOAD_RELAXED 'whose!=0'
    is_found WRONG_SOURCE_LOAD_ACQUIRE 'assertion violated'
    is_found WRONG_NULL_RELEASE 'assertion violated'
    is_found WRONG_NULL_RELAXED 'assertion violated'
    is_found WRONG_LEAVE_RELAXED 'assertion violated'
}

# Three threads of which two must wait, and there is room for one of them.
waiting='-DENDLESS -DLIMIT=5 -DGRANT=0'

# shellcheck disable=SC2086
limit() {
    model=limit.pml
    holds 'limit'
    holds 'limit, requests end' $waiting
    holds 'limit, fork' -DENDLESS -DFORKS=1 -DREQUESTS_2=0
    is_found WRONG_ANNOUNCED_AFTER_SUM 'in_use<='
    is_found WRONG_PENDING_LOADED_LAST 'in_use<='
    is_found WRONG_PENDING_LEAVES_FIRST 'in_use<='
    is_found WRONG_REFUSED_WITH_OTHERS 'most['
    is_found WRONG_ANNOUNCED_WHILE_WAITING 'non-progress cycle' $waiting
    is_found WRONG_CHILD_KEEPS_PENDING 'non-progress cycle' -DENDLESS -DFORKS=1
}

# shellcheck disable=SC2086
more_limit() {
    model=limit.pml
    holds 'limit, 4 requests' -DREQUESTS_1=2 -DFREES=2 -DLIMIT=4
    holds 'limit, requests end' -DENDLESS -DREQUESTS_1=2
    holds 'limit, fork' -DENDLESS -DFORKS=1
}

row property states depth seconds result
all_that_holds
[ "$large" = no ] || more_that_holds
all_that_is_found
weak_order
[ "$large" = no ] || more_weak_order
weak_nodes
limit
[ "$large" = no ] || more_limit
if [ "$failed" -ne 0 ]; then
    echo "check.sh: $failed of these are not as they have to be" >&2
    exit 1
fi
