#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Measures what heap profiles cost: the layer "sample" on each backend, in time and in memory, and beside it
# the profilers of jemalloc and gperftools. Installs and builds what that needs. A run takes about eight
# minutes; let the machine have nothing else to do meanwhile.
#
# usage: scripts/bench_sample.sh [--quick] [--output DIR] [--publish]
#
#   --quick        a minute, for a look: the figures are rough
#   --output DIR   where results go (${BUILD_DIR:-build-bench-sample}/results if not said)
#   --publish      the table goes into docs/performance/sample.txt as well
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/release.sh
. "$(dirname "$0")/release.sh"

take_measuring_arguments "$@"

cd "$(dirname "$0")/.."
take_build build-bench-sample
backends='libc native jemalloc tcmalloc mimalloc'
if [ -n "$quick" ]; then
    repetitions=5 seconds=0.01 runs=2 texts=1 rounds=1
else
    repetitions=25 seconds=0.2 runs=20 texts=10 rounds=3
fi

prepare_output
scripts/setup.sh bench
build_release -Dbench=enabled -Dtests=disabled -Dtools=enabled -Dexamples=enabled

measure_churn() {
    for backend in $backends; do
        progress "churn on $backend"
        ZMALLOC_SAMPLE=off ZMALLOC_BACKEND=$backend "$build/bench/bench" \
            --benchmark_filter='^churn_sample/' \
            --benchmark_repetitions=$repetitions --benchmark_min_time=$seconds \
            --benchmark_enable_random_interleaving=true \
            --benchmark_out="$output/churn-$backend.json" --benchmark_out_format=json \
            >/dev/null 2>"$output/churn-$backend.log" ||
            fail "bench on $backend: $(tail -n 1 "$output/churn-$backend.log")"
    done
}

# gperftools' library in its whole form, which samples; its form `minimal` does not.
gperftools=$(realpath "$(cc -print-file-name=libtcmalloc.so.4)")

# A line for each variant: its name in the report, the backend, and what else is in its environment.
profilers() {
    cat <<END
jemalloc jemalloc
jemalloc-512K jemalloc ZMALLOC_SAMPLE=512K
jemalloc-prof jemalloc MALLOC_CONF=prof:true,lg_prof_sample:19
tcmalloc tcmalloc
tcmalloc-512K tcmalloc ZMALLOC_SAMPLE=512K
gperftools native LD_PRELOAD=$gperftools
gperftools-samples native LD_PRELOAD=$gperftools TCMALLOC_SAMPLE_PARAMETER=524288
END
}

# None of them can be switched on in a process that runs, so each has processes of its own, in turn.
measure_profilers() {
    round=1
    while [ $round -le $rounds ]; do
        progress "churn with each profiler, round $round of $rounds"
        profilers | while read -r name backend environment; do
            # shellcheck disable=SC2086
            env ZMALLOC_BACKEND="$backend" $environment "$build/bench/bench" \
                --benchmark_filter='^churn/zmalloc/threads:1$' \
                --benchmark_repetitions=$repetitions --benchmark_min_time=$seconds \
                --benchmark_out="$output/profiler-$name-$round.json" --benchmark_out_format=json \
                >/dev/null 2>"$output/profiler-$name.log" ||
                fail "bench with $name: $(tail -n 1 "$output/profiler-$name.log")"
        done
        round=$((round + 1))
    done
}

# write_text FILE: words of our own files, 3 MB for each time.
write_text() {
    : >"$1"
    while [ "$texts" -gt 0 ]; do
        git ls-files '*.c' '*.h' '*.md' '*.py' '*.sh' | xargs cat 2>/dev/null | head -c 3000000 >>"$1"
        texts=$((texts - 1))
    done
}

measure_wordcount() {
    progress 'wordcount'
    write_text "$build/text.txt"
    for backend in $backends; do
        set -- "$@" --variant "$backend: $backend" \
            --variant "$backend 512K: $backend ZMALLOC_SAMPLE=512K" \
            --variant "$backend 64K: $backend ZMALLOC_SAMPLE=64K"
    done
    "$build/tools/zmalloc" compare -n $runs --metric cpu --csv "$output/wordcount.csv" "$@" \
        --variant 'jemalloc prof: jemalloc MALLOC_CONF=prof:true,lg_prof_sample:19' \
        --variant "gperftools: native LD_PRELOAD=$gperftools" \
        --variant "gperftools samples: native LD_PRELOAD=$gperftools TCMALLOC_SAMPLE_PARAMETER=524288" \
        -- "$build/examples/wordcount" "$build/text.txt" \
        >"$output/wordcount.log" 2>&1 || fail "compare: $(tail -n 1 "$output/wordcount.log")"
}

measure_memory() {
    for backend in $backends; do
        progress "memory on $backend"
        for kind in '' -512K; do
            ZMALLOC_BACKEND=$backend ZMALLOC_SAMPLE=${kind#-} "$build/bench/footprint" ${quick:+--quick} \
                >"$output/footprint-$backend$kind.json" 2>"$output/footprint-$backend$kind.log" ||
                fail "footprint on $backend: $(tail -n 1 "$output/footprint-$backend$kind.log")"
        done
    done
}

measure_churn
measure_profilers
measure_wordcount
measure_memory
python3 -B bench/report/machine.py "$build" >"$output/machine.json"
python3 -B bench/report/sampled.py "$output" >"$output/table.txt"
cat "$output/table.txt"
[ -z "$publish" ] || cp "$output/table.txt" docs/performance/sample.txt
