#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs SERVER's own tests, which are left as they are: units of its test suite, and the tests of its
# functions as one unit more, unit-tests, where build.sh has built them for all that is named.
#
# usage: examples/SERVER/test.sh [--full | --unit UNIT...] [--limit SECONDS] [SUBJECT...]
#
#   SUBJECT          a backend of zmalloc, or SERVER as it is: BUILDS
#                    (build.sh --help); all five backends if not said
#   --full           all units; else the data types and what memory, scripts and persistence are for
#   --unit UNIT      only this one; may be repeated
#   --limit SECONDS  a unit that takes longer has failed; 1800 if not said
#
# A unit in which a test fails, or none runs, runs on stock as well; one that fails on jemalloc also on
# stock-system, which has the same allocator, if build.sh has built it. Ends with a table, and with what
# failed; the exit status is 1 if a test fails that does not fail there. The logs are in
# ${BUILD_DIR:-build-SERVER}/tests; if another run writes there, in tests-PID beside it.

# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"

take_unit() {
    units="$units $1"
}

full='' units='' limit=1800
take_arguments '--full --unit=UNIT --limit=1..999999999 SUBJECT...' "$@"
[ -z "$full" ] || [ -z "$units" ] || refuse '--full takes no --unit'
: "${subjects:=$backends}"

# ---- Units ----

has_unit_tests() {
    for subject; do
        tests=$(unit_program "$(folder_of "$subject")")
        [ -n "$tests" ] && [ -x "$tests" ] || return 1
    done
}

# shellcheck disable=SC2086
choose_units() {
    first=${subjects# }
    known=$(cd "$(folder_of "${first%% *}")" && ./runtest --list-tests)
    functions=''
    ! has_unit_tests $subjects stock || functions='unit-tests'
    known="$known
$functions"
    if [ -n "$full" ]; then
        units=$known
    elif [ -z "$units" ]; then
        units="$functions $(printf '%s\n' "$known" | grep '^unit/type/')"
        for unit in $some_units; do
            if printf '%s\n' "$known" | grep -qx "$unit"; then
                units="$units $unit"
            else
                echo "$unit is left out: this series of $title does not have it"
            fi
        done
    fi
    for unit in $units; do
        printf '%s\n' "$known" | grep -qx "$unit" ||
            refuse "unknown unit '$unit'; ./runtest --list-tests in $build/stock lists them"
    done
}

# The tests want to be in the server's folder, and write there: each run has one of its own.
prepare() {
    [ ! -d "$work/$1" ] || return 0
    mkdir "$work/$1"
    built=$(folder_of "$1")
    for file in "$built"/*; do
        ln -s "$file" "$work/$1"
    done
    rm "$work/$1/tests"
    cp -R "$built/tests" "$work/$1/tests"
}

# log_of SUBJECT UNIT
log_of() {
    echo "$results/$1/$(echo "$2" | tr / -).log"
}

# The first of 400, below the ports that the system gives out; parallel runs begin with different
# ones. A server's second port is 10000 above its first.
ports=$((12000 + $$ % 20 * 400))

# One unit. The tests' own timeout, which says more, is for one that gets no further.
launch_unit() {
    cd "$work/$1"
    ZMALLOC_BACKEND=$(backend_of "$1")
    export TERM=dumb ZMALLOC_BACKEND
    [ "$2" != unit-tests ] || exec timeout "$limit" "$(unit_program "$(folder_of "$1")")"
    exec timeout "$limit" ./runtest --single "$2" --clients 1 \
        --baseport $ports --portcount 400 --timeout $(((limit + 1) / 2))
}

# In the background: timeout makes a group of processes of its own, which a signal to this script
# does not reach, and a shell heeds no signal before the end of what it runs in the foreground. A
# server that is loading outlives the end of the limit, and its group has it yet.
run_once() {
    launch_unit "$1" "$2" >"$3" 2>&1 </dev/null &
    helper=$!
    status=0
    wait "$helper" || status=$?
    kill -s KILL -- "-$helper" 2>/dev/null || true
    helper=''
    [ "$2" != unit-tests ] || say_as_units_do "$3"
    echo "status $status" >>"$3"
}

# say_as_units_do LOG: what googletest says of a test, and what an older program of the server's does.
say_as_units_do() {
    sed -e "s/$(printf '\033')\[[0-9]*m//g" \
        -e 's/^.*\[       OK \] \([^ ]*\) ([0-9]* ms)$/[ok]: \1/' \
        -e 's/^.*\[  FAILED  \] \([^ ]*\)\(, where .*\)\{0,1\} ([0-9]* ms)$/[err]: \1/' \
        -e 's/^.*\[ok\] - /[ok]: /; s/^.*\[fail\] - /[err]: /' \
        -e 's/^\[\(test_.*\.c\)\] \(Memory leak\).*/[err]: \1: \2/' "$1" >"$1.said"
    mv "$1.said" "$1"
}

# On other ports where a parallel run has these: the tests look for free ones, but in vain.
run_unit() {
    begun_with=$ports
    run_once "$@"
    while grep -q "^couldn't open socket: address already in use" "$3"; do
        ports=$((12000 + (ports - 12000 + 400) % 8000))
        [ $ports -ne $begun_with ] || break
        run_once "$@"
    done
}

passed() {
    grep -c '^\[ok\]' "$1" || true
}

# What failed, one a line: tests by their names, and what ended the unit early.
failures() {
    sed -n 's/^\[\(err\|exception\|timeout\)\]: //p' "$1" | sort -u >"$1.failed"
    if [ ! -s "$1.failed" ] && ! grep -qx 'status 0' "$1"; then
        echo "the unit ended with $(tail -n 1 "$1")" >"$1.failed"
    fi
}

# is_empty SUBJECT UNIT: whether its run had no test in it, and no failure.
is_empty() {
    log=$(log_of "$1" "$2")
    [ ! -s "$log.failed" ] && [ "$(passed "$log")" -eq 0 ]
}

# A unit may have nothing for builds such as these; then it has nothing for stock, either.
fail_if_empty() {
    for subject in $subjects; do
        if is_empty "$subject" "$1" && ! is_empty stock "$1"; then
            echo 'the unit ran no test' >"$(log_of "$subject" "$1").failed"
        fi
    done
}

# run_tests SUBJECT UNIT: unless it has run already.
run_tests() {
    log=$(log_of "$1" "$2")
    [ ! -f "$log.failed" ] || return 0
    prepare "$1"
    begun=$(date +%s)
    run_unit "$1" "$2" "$log"
    failures "$log"
    echo "$2 on $1: $(passed "$log") passed, $(wc -l <"$log.failed") failed" \
        "($(($(date +%s) - begun)) s)"
}

# ---- What it comes to ----

table() {
    printf '%-32s' 'PASSED/FAILED'
    # shellcheck disable=SC2086
    printf ' %12s' $subjects
    echo
    for unit in $units; do
        printf '%-32s' "$unit"
        for subject in $subjects; do
            log=$(log_of "$subject" "$unit")
            printf ' %12s' "$(passed "$log")/$(wc -l <"$log.failed")"
        done
        echo
    done
}

# What a log says of a failure: a test up to the next, or its end.
details() {
    log=$(log_of "$1" "$2")
    echo "    $1 ($log):"
    case $3 in
    'the unit ended'* | 'the unit ran no test') tail -n 15 "$log" ;;
    *) if [ "$2" = unit-tests ]; then
        grep -B 15 -x -F "[err]: $3" "$log"
    else
        awk -v failure="]: $3" '/^\[/ { inside = index($0, failure) }
            /^$|^Killing/ { inside = 0 }
            inside' "$log" | head -n 15
    fi ;;
    esac | sed 's/^/        /'
}

# The builds of stock that a failure on $1 is compared with.
compared_with() {
    [ "$1" = stock ] || echo stock
    if [ "$1" = jemalloc ] && [ -x "$build/stock-system/src/$server-server" ]; then
        echo stock-system
    fi
}

# The first of these on which the unit's test fails as well.
also_failing() {
    for stock in $(compared_with "$1"); do
        if grep -qxF "$3" "$(log_of "$stock" "$2").failed"; then
            echo "$stock"
            return
        fi
    done
}

# A test that failed, with the output of a stock build beside ours.
explain() {
    also=$(also_failing "$@")
    if [ "$also" ]; then
        there="fails on $also, too"
    elif [ "$1" = stock ]; then
        there="$title as it is"
    else
        there="passes on $(compared_with "$1" | paste -s -d ' ' | sed 's/ / and /')"
        case $1 in
        stock-*) ;;
        *) worse=1 ;;
        esac
    fi
    echo "$2 on $1: $3: $there"
    details "$1" "$2" "$3"
    [ ! "$also" ] || details "$also" "$2" "$3"
}

# shellcheck disable=SC2086
need_built $subjects stock
make_work "$server-$script"
choose_units
results=$build/tests
exec 9>"$build/tests.lock"
flock -n 9 || results=$build/tests-$$
rm -rf "$results"
for subject in $subjects stock stock-system; do
    mkdir -p "$results/$subject"
done
# Subjects take turns, so that the machine is the same to all.
for unit in $units; do
    compared=''
    for subject in $subjects; do
        run_tests "$subject" "$unit"
        if [ -s "$(log_of "$subject" "$unit").failed" ] || is_empty "$subject" "$unit"; then
            compared="$compared $(compared_with "$subject")"
        fi
    done
    for stock in $compared; do
        run_tests "$stock" "$unit"
    done
    [ ! "$compared" ] || fail_if_empty "$unit"
done
echo
table
worse=0
for unit in $units; do
    for subject in $subjects; do
        while read -r name; do
            echo
            explain "$subject" "$unit" "$name"
        done <"$(log_of "$subject" "$unit").failed"
    done
done
exit $worse
