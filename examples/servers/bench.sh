#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Measures requests per second with SERVER-benchmark, the same program for all, on SERVER as it is and
# on SERVER on zmalloc. Ends with a table, and with what memory each takes for the same data. Let the
# machine have nothing else to do meanwhile.
#
# usage: examples/SERVER/bench.sh [--quick] [--rounds N] [--publish] [SUBJECT...]
#
#   SUBJECT      a backend of zmalloc, or SERVER as it is: BUILDS
#                (build.sh --help); all five backends if not said. stock, once more,
#                shows what a ratio is worth
#   --quick      a run of two minutes, for a look at everything, with 4 I/O threads at most: the figures
#                are rough
#   --rounds N   measure N times, with new servers each; the medians count (5 if not said)
#   --publish    the table goes into docs/performance/SERVER.txt as well
#
# All measurements are in ${BUILD_DIR:-build-SERVER}/bench.

# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=data.sh disable=SC1091
. "$here/data.sh"

quick='' publish='' rounds=''
take_arguments '--quick --rounds=1..99 --publish SUBJECT...' "$@"
[ -z "$quick" ] || [ -z "$publish" ] || refuse '--publish takes no --quick: those figures are rough'
: "${subjects:=$backends}"

# A measurement takes so many tenths of a second on stock; keys of each type in the data set.
if [ -n "$quick" ]; then
    : "${rounds:=1}"
    # More on few processors take turns, and a measurement takes minutes.
    bench_threads='1 4'
    tenths=1 keys=10000
else
    : "${rounds:=5}"
    tenths=10 keys=100000
fi
commands='set get lpush hset sadd zadd'

# ---- Processors ----

# The first two that this process may use: one for the servers, one for the client.
choose_processors() {
    # shellcheck disable=SC2046
    set -- $(taskset -cp $$ | sed 's/.*: //' | tr , '\n' | awk -F- '
        { for (i = $1; i <= ($2 == "" ? $1 : $2); i++) print i }' | head -n 2)
    servers_pin='' client_pin=''
    if [ $# -eq 2 ]; then
        servers_pin="taskset -c $1" client_pin="taskset -c $2"
    fi
}

# ---- Requests per second ----

# request NAME COMMAND COUNT PIPELINE CONNECTIONS: prints how many a second there were.
request() {
    # shellcheck disable=SC2086
    $client "$tools/$server-benchmark" -h 127.0.0.1 -p "$(cat "$work/$1/port")" -t "$2" -n "$3" \
        -P "$4" -c "$5" -r $keys -d 100 --csv 2>>"$work/$1/client" | tail -n 1 | cut -d '"' -f 4
}

# A server that is not measured is paused: Valkey's I/O threads go on spinning after a load has ended. If
# it has ended by itself, what comes next says so.
pause() {
    kill -STOP "$(cat "$work/$1/pid")" || true
}

resume() {
    kill -CONT "$(cat "$work/$1/pid")" || true
}

# Servers are numbered, so that stock may run twice. What they hold hardly grows while they are
# measured, but for the list, which goes after each measurement. For one connection there are no I/O
# threads to wait for.
start_servers() {
    number=0
    for subject in stock $subjects; do
        start $number "$subject" --io-threads "$threads"
        for command in set hset sadd zadd; do
            request $number $command $((keys * 3)) 100 1 >/dev/null
        done
        pause $number
        number=$((number + 1))
    done
}

# Sets count: how many requests with a pipeline of $1 take the time of a measurement on stock. It
# stays so for all rounds.
calibrate() {
    calibrated=$work/count-$threads-$1
    if [ ! -f "$calibrated" ]; then
        resume 0
        request 0 set $((1000 * $1)) "$1" 50 >/dev/null
        request 0 set $((1000 * $1)) "$1" 50 |
            awk -v tenths=$tenths '{ printf "%d\n", $1 * tenths / 10 + 1 }' >"$calibrated"
        pause 0
    fi
    count=$(cat "$calibrated")
}

stop_servers() {
    for name in $servers; do
        resume "$name"
        stop "$name" || fail "server $name ended with status $?"
    done
}

# Seconds of processor time that a server has had.
processor_time() {
    info "$1" '\(used_cpu_sys\|used_cpu_user\)' | paste -s -d +
}

# measure COMMAND PIPELINE: on each server, beginning with another in each round.
measure() {
    turn=0
    calibrate "$2"
    while [ $turn -lt $number ]; do
        measured=$(((turn + round) % number))
        resume $measured
        before=$(processor_time $measured)
        rate=$(request $measured "$1" "$count" "$2" 50)
        after=$(processor_time $measured)
        [ -n "$rate" ] || fail "no result of $1: $(tail -n 1 "$work/$measured/client")"
        awk "BEGIN { print \"$threads $2 $1 $measured $rate\", ($after - ($before)) * 1e6 / $count }" \
            >>"$results/rates"
        [ "$1" != lpush ] || cli $measured del mylist >/dev/null
        pause $measured
        turn=$((turn + 1))
    done
}

measure_round() {
    pin='' client=''
    # More threads have no processor to themselves.
    if [ "$threads" -eq 1 ]; then
        pin=$servers_pin client=$client_pin
    fi
    start_servers
    for command in $commands; do
        measure "$command" 1
        measure "$command" 16
    done
    stop_servers
}

# ---- Memory ----

# memory_of WHEN: the figures of INFO's last look, ten times a second.
memory_of() {
    sleep 1
    echo "$1 $number $(info $number used_memory) $(info $number used_memory_rss)" \
        "$(info $number mem_fragmentation_ratio)" >>"$results/memory"
}

measure_memory() {
    number=0 pin=''
    for subject in stock $subjects; do
        start $number "$subject"
        give $number write_data $keys
        memory_of filled
        give $number write_churn $keys
        memory_of churned
        stop $number || fail "server $number ended with status $?"
        number=$((number + 1))
    done
}

# ---- What it comes to ----

conclude() {
    python3 -B "$root/bench/report/machine.py" "$build/library" rounds="$rounds" \
        measurement="$tenths/10 s on stock" keys="$keys" \
        "$server=$(cat "$build/source/unpacked")" \
        pinned="${servers_pin:+with one I/O thread}" >"$results/machine.json"
    # shellcheck disable=SC2086
    python3 -B "$here/table.py" "$results" "$title" "$stock_over" stock $subjects >"$results/table.txt"
    echo
    cat "$results/table.txt"
    if [ -n "$publish" ]; then
        cp "$results/table.txt" "$root/docs/performance/$server.txt"
    fi
}

# shellcheck disable=SC2086
need_built stock $subjects
choose_processors
make_work "$server-$script"
results=$build/bench
rm -rf "$results"
mkdir -p "$results"
round=0
while [ $round -lt "$rounds" ]; do
    round=$((round + 1))
    for threads in $bench_threads; do
        progress "round $round of $rounds, I/O threads: $threads"
        measure_round
    done
done
progress 'memory'
measure_memory
progress 'done'
conclude
