#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Looks for what is wrong before users find it: runs each soak and storm on each backend, and the
# fuzzers for as long as one likes. Installs and builds what that needs. The full figures take about
# an hour and a half on two processors. Ends with a table, which it also writes to summary.md, and with
# status 1 if anything failed. Interrupted, it shows the table as far as it is.
#
# usage: scripts/soak.sh [--quick | --scale PERCENT] [--hours N] [--backends NAME,...]
#                         [--only STORM,...] [--seed N] [--output DIR]
#        scripts/soak.sh --list
#
#   --quick            a twentieth of the full figures, in about six minutes
#   --scale PERCENT    that part of the full figures, from 1 on (100 if not said)
#   --hours N          lets the fuzzers of scripts/fuzz.sh run for N hours besides (0 if not said)
#   --backends NAMES   only these, each of which has to be there (if not said, those that are)
#   --only STORMS      only these
#   --seed N           that of soak, whose operations are the same for the same seed (1 if not said)
#   --output DIR       where results go (${BUILD_DIR:-build-soak}/results if not said)
#   --list             names the storms, with their full figures
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/release.sh
. "$(dirname "$0")/release.sh"

list() {
    cat <<END
soak            1,000,000,000 operations of all kinds in 4 threads; contents, and the sum at the end 0
threads         1,000,000 short threads in a row, 1,000 threads at once; growth, and every block counted
forks           1,000 forks beside 16 allocating threads; each child allocates, frees and reads
signals         the same in a storm of signals, in parent and children
readings        1,000,000,000 readings of used memory while others allocate, each between bounds
address-space   2,000 times out of memory by RLIMIT_AS, in 4 threads, each time going on
cgroup          50 GB through 128 MiB in a control group, and a process that takes too much
limit           10 GB in a control group of 256 MiB under ZMALLOC_LIMIT=rss:200M, and without the limit
handlers        10 minutes of signals, one every 100 microseconds, whose handlers read used memory
END
}

all_storms='soak threads forks signals readings address-space cgroup limit handlers'
storms=$all_storms
backends='libc native jemalloc tcmalloc mimalloc'
named='' scale=100 hours=0 seed=1 output=''

take_quick() {
    scale=5
}

take_list() {
    list
    exit
}

take_backends() {
    case ,$1, in
    *,,* | *[!a-z0-9_+,-]*) refuse "--backends '$1': not names of backends with commas between" ;;
    esac
    backends=$(echo "$1" | tr , ' ')
    named=yes
}

take_only() {
    storms=$(echo "$1" | tr , ' ')
    for storm in $storms; do
        # shellcheck disable=SC2086
        need_known storm "$storm" $all_storms
    done
    [ -n "$storms" ] || refuse "--only names no storm; there are: $all_storms"
}

take_arguments '--quick --scale=1..99999 --hours=0..999 --backends=NAME,... --only=STORM,...
    --seed=0..99999999999999999 --output=DIR --list' "$@"

cd "$(dirname "$0")/.."
take_build build-soak
[ "$hours" -eq 0 ] || [ -x scripts/fuzz.sh ] || refuse "--hours: there is no scripts/fuzz.sh"

# ---- Before the storms ----

prepare_results() {
    prepare_output
    [ ! -e "$output/rows.tsv" ] || fail "$output holds the results of another run"
    : >"$output/rows.tsv"
    : >"$output/allocators.txt"
}

prepare_build() {
    scripts/setup.sh test
    build_release -Dtests=enabled -Dbench=disabled
}

# ---- One storm on one backend ----

# That part of a full figure, at least 1.
part() {
    echo $((($1 * scale + 99) / 100))
}

# The program in the build folder that is the storm, with its arguments.
program_of() {
    case $1 in
    soak) echo "tests/soak/soak-operations --operations $(part 1000000000) --seed $seed" ;;
    threads) echo tests/unit/test-threads ;;
    forks) echo "tests/soak/soak-forks --forks $(part 1000)" ;;
    signals) echo "tests/soak/soak-forks --forks $(part 1000) --signals 10000" ;;
    readings) echo "tests/soak/soak-readings --readings $(part 1000000000)" ;;
    address-space) echo "tests/soak/soak-address-space --rounds $(part 2000)" ;;
    cgroup) echo "tests/soak/soak-cgroup --blocks $(part 200000)" ;;
    limit) echo "tests/soak/soak-limit --megabytes $(($(part 9000) + 1000))" ;;
    handlers) echo "tests/soak/soak-handlers --seconds $(part 600)" ;;
    esac
}

# A command that a signal to this script ends as well, in a background of its own so that the shell
# hears of the signal at once. What a test does once it does 50 times for a full figure.
run_storm() {
    # shellcheck disable=SC2046
    ZMALLOC_BACKEND=$2 ZMALLOC_TEST_SCALE=$(part 50) timeout --kill-after=10 "$(part 7200)" \
        "$build"/$(program_of "$1") >"$result.out" 2>"$result.err" &
    running=$!
    status=0
    # Not for the shell to say how it ended.
    { wait $running || status=$?; } 2>/dev/null
    running=
}

# The figures that a program told, as one line.
figures_of() {
    sed -n 's/^figures: //p' "$1" | paste -s -d ';' | sed 's/;/; /g'
}

# What a program found: the condition that did not hold, or what it said last.
finding_of() {
    finding=$(grep -h -m 1 'does not hold' "$result.err" "$result.out" | head -n 1)
    [ -n "$finding" ] || finding=$(tail -q -n 1 "$result.out" "$result.err" | tail -n 1)
    printf '%s' "$finding" | tr '\t' ' '
}

# From the status of a program. One whose backend is not there says why between its name and
# "available"; that is a failure where the caller has asked for it.
judge() {
    case $1 in
    0) verdict=ok ;;
    77) verdict="skipped: $(sed -n 's/^skipped: //p' "$result.out")" ;;
    78)
        verdict="skipped: $(sed 's/.*"'"$2"'": //; s/; available: .*//' "$result.err" | tail -n 1)"
        [ -z "$named" ] || verdict=FAILED${verdict#skipped}
        ;;
    124) verdict="FAILED: it hung" ;;
    *) verdict="FAILED: status $1: $(finding_of)" ;;
    esac
}

now() {
    date +%s
}

add_row() {
    printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$verdict" "$seconds" "$3" >>"$output/rows.tsv"
    progress "$1 $2: $verdict, $seconds s${3:+: $3}"
}

try_storm() {
    result=$output/$1-$2
    begun=$(now)
    run_storm "$1" "$2"
    seconds=$(($(now) - begun))
    judge "$status" "$2"
    add_row "$1" "$2" "$(figures_of "$result.out")"
}

# ---- The fuzzers ----

fuzz() {
    result=$output/fuzz
    begun=$(now)
    scripts/fuzz.sh --hours "$hours" >"$result.out" 2>"$result.err" &
    running=$!
    status=0
    { wait $running || status=$?; } 2>/dev/null
    running=
    seconds=$(($(now) - begun))
    judge "$status" fuzz
    add_row fuzz all "$(tail -n 1 "$result.out")"
}

# ---- What it comes to ----

# The version of each allocator that is there.
write_allocators() {
    for name in $backends; do
        ZMALLOC_BACKEND=$name "$build/tests/soak/soak-operations" --operations 1 2>/dev/null |
            sed -n 's/^allocator: //p' >>"$output/allocators.txt"
    done
}

conclude() {
    python3 -B bench/report/machine.py "$build" scale="$scale" hours="$hours" end="$1" \
        minutes=$((($(now) - started + 59) / 60)) >"$output/machine.json"
    python3 -B tests/soak/summary.py "$output" >"$output/summary.md"
    echo
    cat "$output/summary.md"
    echo
    echo "The same as Markdown: $output/summary.md"
}

interrupt() {
    trap '' INT TERM
    [ -z "$running" ] || kill -TERM "$running" 2>/dev/null || true
    wait
    conclude interrupted
    exit 130
}

running=
prepare_results
prepare_build
write_allocators
trap interrupt INT TERM
for storm in $storms; do
    for backend in $backends; do
        try_storm "$storm" "$backend"
    done
done
[ "$hours" -eq 0 ] || fuzz
conclude 'run to the end'
! cut -f 3 "$output/rows.tsv" | grep -q '^FAILED'
