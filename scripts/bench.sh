#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Measures every backend against its allocator and against the accounting of others over it: time,
# memory, start-up. Installs and builds what that needs, and ends with a table of the targets that are
# met. A run takes about eight minutes; let the machine have nothing else to do meanwhile.
#
# usage: scripts/bench.sh [--quick] [--source] [--runs N] [--output DIR] [--publish]
#
#   --quick         a run of about a minute, for a look at everything: the figures are rough
#   --source        with the allocators built from their sources, both alone and in zmalloc
#   --runs N        measure N times; the median of the runs' ratios counts (1 if not said)
#   --output DIR    where results go (${BUILD_DIR:-build-bench}/results if not said; with --source
#                   build-bench-source)
#   --publish       table, charts and condensed data go into docs/performance, or with --source into
#                   docs/performance/source, not into DIR
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/release.sh
. "$(dirname "$0")/release.sh"

quick='' source='' publish='' output='' runs=1
take_arguments '--quick --source --runs=1..999 --output=DIR --publish' "$@"
[ -z "$quick" ] || [ -z "$publish" ] || refuse "--publish takes no --quick: those figures are rough"

cd "$(dirname "$0")/.."
take_build "build-bench${source:+-source}"
from=${source:+from source}
backends='libc native jemalloc tcmalloc mimalloc'

# Many threads share the processors' caches, which each has to fill anew when its turn comes: what
# is measured of them has to last longer (seconds of all threads), in fewer repetitions.
many='churn/.*/threads:(2|4|8|16)$'

# A reading visits as many threads as ever lived at the same time. So each number of them has a process
# of its own. What zones and limits add is little, so it is measured by itself, and longer.
readers='1 16 64 256'
added='_(zone|limit)/'
if [ -n "$quick" ]; then
    repetitions=5 seconds=0.003 many_repetitions=3 many_seconds=0.03 added_seconds=0.01 starts=100
else
    repetitions=15 seconds=0.03 many_repetitions=5 many_seconds=0.3 added_seconds=0.1 starts=400
fi

# ---- Before anything is measured ----

prepare_results() {
    prepare_output
    for folder in "$output"/run-*; do
        [ ! -e "$folder" ] || fail "$output holds the results of another measurement"
    done
}

prepare_build() {
    scripts/setup.sh bench
    fallback=''
    if [ "$source" ]; then
        scripts/sources.sh jemalloc gperftools mimalloc
        fallback=jemalloc,gperftools,mimalloc
    fi
    build_release --force-fallback-for="$fallback" -Dbench=enabled -Dtests=disabled
    for program in bench footprint startup empty empty-linked empty-used; do
        [ -x "$build/bench/$program" ] || fail "$build/bench/$program was not built"
    done
}

# ---- One run ----

report_progress() {
    progress "run $run of $runs: $*"
}

# With what it said last, in NAME.log.
failed() {
    fail "$1 ended with status $2: $(tail -n 1 "$folder/$1.log")"
}

# What FILTER lets through, on a backend, into NAME-BACKEND.json.
run_bench() {
    result=$1-$2
    ZMALLOC_BACKEND=$2 "$bench/bench" --benchmark_filter="$3" --benchmark_repetitions="$4" \
        --benchmark_min_time="$5" --benchmark_enable_random_interleaving=true \
        --benchmark_out="$folder/$result.json" --benchmark_out_format=json \
        >/dev/null 2>"$folder/$result.log"
}

measure_memory() {
    ZMALLOC_BACKEND=$1 "$bench/footprint" ${quick:+--quick} \
        >"$folder/footprint-$1.json" 2>"$folder/footprint-$1.log"
}

measure_backend() {
    report_progress "$1"
    status=0
    run_bench bench "$1" "-$many|used_memory/|$added" $repetitions $seconds || status=$?
    case $status in
    0) ;;
    # The backend is not there; the library says why between its name and "available".
    78)
        sed 's/.*"'"$1"'": //; s/; available: .*//' "$folder/bench-$1.log" >"$folder/$1.skipped"
        report_progress "$1 is skipped: $(cat "$folder/$1.skipped")"
        return
        ;;
    *) failed "bench-$1" $status ;;
    esac
    run_bench threads "$1" "$many" $many_repetitions $many_seconds || failed "threads-$1" $?
    for count in $readers; do
        run_bench "reading-$count" "$1" "used_memory/.*/$count$" $repetitions $seconds ||
            failed "reading-$count-$1" $?
    done
    run_bench added "$1" "$added" $repetitions $added_seconds || failed "added-$1" $?
    measure_memory "$1" || failed "footprint-$1" $?
    programs="$programs empty-used-$1:$1:$bench/empty-used"
}

# LABEL:BACKEND:PROGRAM, where no backend is one that nobody names. Once with a program of ours, and
# with one that others know.
measure_starts() {
    report_progress 'start-up'
    # shellcheck disable=SC2086
    "$bench/startup" -n $starts $programs >"$folder/startup.json" 2>"$folder/startup.log" ||
        failed startup $?
    for program in $programs; do
        label=${program%%:*}
        backend=${program#*:}
        backend=${backend%%:*}
        ${backend:+env "ZMALLOC_BACKEND=$backend"} hyperfine -N --warmup 10 --runs $starts \
            --export-json "$folder/hyperfine-$label.json" "${program##*:}" \
            >"$folder/hyperfine-$label.log" 2>&1 || failed "hyperfine-$label" $?
    done
}

# What is measured are copies, new ones for each run: where in memory the pages of a file lie can cost
# an allocation 40 %, and stays so as long as the file does.
copy_programs() {
    copy=$build/copy
    bench=$copy/bench
    rm -rf "$copy"
    mkdir -p "$bench"
    for file in "$build"/libzmalloc*.so*; do
        [ -d "$file" ] || cp -P "$file" "$copy"
    done
    for file in "$build"/bench/*; do
        [ -d "$file" ] || cp "$file" "$bench"
    done
}

write_machine() {
    python3 -B bench/report/machine.py "$build" quick="${quick:-no}" \
        allocators="${from:-of the system}" \
        repetitions="$repetitions of $seconds s" \
        threads="$many_repetitions of $many_seconds s" \
        added="$repetitions of $added_seconds s" starts=$starts >"$folder/machine.json"
}

measure() {
    folder=$output/run-$run
    mkdir "$folder"
    copy_programs
    write_machine
    programs="empty::$bench/empty empty-linked::$bench/empty-linked"
    for name in $backends; do
        measure_backend "$name"
    done
    measure_starts
}

# ---- What it comes to ----

# Also by hand, for a folder of earlier results: the two lines with python3 and draw.sh.
conclude() {
    to=$output
    [ -z "$publish" ] || to=docs/performance${source:+/source}
    mkdir -p "$to"
    table=$(python3 -B bench/report --data "$to" "$output"/run-*)
    bench/charts/draw.sh "$to"
    printf '%s\n' "$table" >"$to/report.txt"
    printf '\n%s\n\nTable, charts and data: %s\n' "$table" "$to"
}

prepare_results
prepare_build
run=1
while [ "$run" -le "$runs" ]; do
    measure
    run=$((run + 1))
done
conclude
