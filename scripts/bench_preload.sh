#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Measures what the preload library costs: a block freed and another allocated, beside the same backend
# linked, in one process; a program in Python beside the preload libraries of the allocators themselves;
# and the start of a program. Installs and builds what that needs. A run takes about five minutes; let the
# machine have nothing else to do meanwhile.
#
# usage: scripts/bench_preload.sh [--quick] [--output DIR] [--publish]
#
#   --quick        half a minute, for a look: the figures are rough
#   --output DIR   where results go (${BUILD_DIR:-build-bench-preload}/results if not said)
#   --publish      the table goes into docs/performance/preload.txt as well
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/release.sh
. "$(dirname "$0")/release.sh"

take_measuring_arguments "$@"

cd "$(dirname "$0")/.."
take_build build-bench-preload
backends='libc native jemalloc tcmalloc mimalloc'
if [ -n "$quick" ]; then
    repetitions=5 seconds=0.01 runs=2 texts=1 starts=50
else
    repetitions=25 seconds=0.1 runs=25 texts=3 starts=400
fi

prepare_output
scripts/setup.sh bench
build_release -Dbench=enabled -Dtests=disabled -Dtools=enabled -Dpreload=enabled
preload=$build/preload/libzmalloc-preload.so
python=$(system_python)

# The library that an allocator's own project means to be preloaded, by its name in Debian.
own_library() {
    case $1 in
    jemalloc) set -- libjemalloc.so.2 ;;
    tcmalloc) set -- libtcmalloc_minimal.so.4 ;;
    mimalloc) set -- libmimalloc.so.2 libmimalloc.so.3 libmimalloc.so ;;
    esac
    for name; do
        path=$(cc -print-file-name="$name")
        if [ "$path" != "$name" ]; then
            realpath "$path"
            return
        fi
    done
    fail "$* is not there"
}

measure_churn() {
    for backend in $backends; do
        progress "churn on $backend"
        LD_PRELOAD=$preload ZMALLOC_BACKEND=$backend "$build/bench/bench" \
            --benchmark_filter='^churn/(zmalloc|preloaded)/threads:1$' \
            --benchmark_repetitions=$repetitions --benchmark_min_time=$seconds \
            --benchmark_enable_random_interleaving=true \
            --benchmark_out="$output/churn-$backend.json" --benchmark_out_format=json \
            >/dev/null 2>"$output/churn-$backend.log" ||
            fail "bench on $backend: $(tail -n 1 "$output/churn-$backend.log")"
    done
}

# The shell is a process that leaves the record that compare wants, whatever it preloads into python3.
measure_python() {
    progress 'a program in Python'
    text=$build/python-text.txt
    files=$(git ls-files docs src backends layers tests | head -n 150)
    : >"$text"
    while [ "$texts" -gt 0 ]; do
        # shellcheck disable=SC2086
        cat $files | head -c 1000000 >>"$text"
        texts=$((texts - 1))
    done
    set -- --variant "zmalloc on native: native WITH=$preload" --variant 'nothing: native WITH='
    for backend in jemalloc tcmalloc mimalloc; do
        set -- "$@" --variant "zmalloc on $backend: $backend WITH=$preload" \
            --variant "$backend: $backend WITH=$(own_library "$backend")"
    done
    # shellcheck disable=SC2016
    "$build/tools/zmalloc" compare -n $runs --metric cpu --csv "$output/python.csv" "$@" -- \
        sh -c 'LD_PRELOAD=$WITH "$@"; exit $?' sh "$python" -E examples/index_words.py "$text" \
        >"$output/python.log" 2>&1 || fail "compare: $(tail -n 1 "$output/python.log")"
}

measure_starts() {
    progress 'start-up'
    program=/bin/true
    set -- true::"$program"
    for backend in $backends; do
        set -- "$@" "$backend:$backend:$program"
    done
    "$build/bench/startup" -n $starts --preload "$preload" "$@" >"$output/startup.json" \
        2>"$output/startup.log" || fail "startup: $(tail -n 1 "$output/startup.log")"
}

measure_churn
measure_python
measure_starts
python3 -B bench/report/machine.py "$build" >"$output/machine.json"
python3 -B bench/report/preloaded.py "$output" >"$output/table.txt"
cat "$output/table.txt"
[ -z "$publish" ] || cp "$output/table.txt" docs/performance/preload.txt
