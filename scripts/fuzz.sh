#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Fuzzes the library for a while, all backends against each other (tests/fuzz/README.md). Installs what
# that needs, builds into a folder of its own, ends with one line for each target, and with status 1
# if there is a finding.
#
# usage: scripts/fuzz.sh [--seconds N | --hours N] [--engine libfuzzer|afl|runner] [stream|parsers]...
#
#   stream, parsers   the targets; both if not said
#   --seconds N       for each target, or --hours N; 60 seconds if not said
#   --engine NAME     libfuzzer if not said
#
# Everything goes into ${BUILD_DIR:-build-fuzz-ENGINE}.
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

seconds=60
engine=libfuzzer
targets=

take_hours() {
    seconds=$(($1 * 3600))
}

take_engine() {
    need_known engine "$1" libfuzzer afl runner
    engine=$1
}

take_word() {
    need_known target "$1" stream parsers
    targets="$targets $1"
}

# Of 0 seconds libFuzzer makes no end.
take_arguments '--seconds=1..999999999 --hours=1..99999 --engine=NAME stream parsers' "$@"

cd "$(dirname "$0")/.."
build=${BUILD_DIR:-build-fuzz-$engine}
corpus=$build/corpus
findings=$build/findings

# What each engine is compiled with. AFL++ and the runner go without sanitizers: they are faster
# then, and with them the memory of a block is never the allocator's own.
configure() {
    case $engine in
    libfuzzer)
        CC=clang-14 meson setup "$build" "$@" -Db_sanitize=address,undefined -Db_lundef=false
        ;;
    afl) AFL_QUIET=1 CC=afl-clang-fast meson setup "$build" "$@" ;;
    runner) meson setup "$build" "$@" ;;
    esac
}

prepare() {
    mkdir -p "$build" "$corpus" "$findings"
    [ -f "$build/build.ninja" ] ||
        configure -Dbuildtype=debugoptimized -Dfuzz=enabled -Dfuzz_engine="$engine" \
            -Dtests=disabled -Dexamples=disabled -Dbench=disabled -Dtools=disabled -Ddocs=disabled \
            >"$build/setup.log" 2>&1 || {
        cat "$build/setup.log" >&2
        exit 2
    }
    AFL_QUIET=1 ninja -C "$build" --quiet
    for target in $targets; do
        mkdir -p "$corpus/$target" "$findings/$target"
        cp tests/fuzz/corpus/"$target"/* "$corpus/$target"
    done
}

words() {
    [ ! -f "tests/fuzz/$1.dict" ] || echo "$2tests/fuzz/$1.dict"
}

# Each runs one target, writes its log, and leaves what it finds in the folder of findings.

run_libfuzzer() {
    # shellcheck disable=SC2046
    "$build/tests/fuzz/fuzz-$1" -max_total_time="$seconds" -max_len=512 -len_control=10 -timeout=90 \
        -rss_limit_mb=0 -print_final_stats=1 -artifact_prefix="$findings/$1/" \
        $(words "$1" -dict=) "$corpus/$1" >"$log" 2>&1 || true
    inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
}

run_afl() {
    # shellcheck disable=SC2046
    AFL_NO_UI=1 AFL_NO_AFFINITY=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
        AFL_IGNORE_PROBLEMS=1 AFL_AUTORESUME=1 \
        afl-fuzz -i "$corpus/$1" -o "$build/afl-$1" -V "$seconds" -t 60000 -m none \
        $(words "$1" '-x ') -- "$build/tests/fuzz/fuzz-$1" >"$log" 2>&1 || true
    inputs=$(sed -n 's/^execs_done *: *//p' "$build/afl-$1/default/fuzzer_stats" 2>/dev/null)
    find "$build/afl-$1/default" \( -path '*/crashes/id*' -o -path '*/hangs/id*' \) \
        -exec cp {} "$findings/$1" \;
}

run_runner() {
    # shellcheck disable=SC2046
    "$build/tests/fuzz/fuzz-$1" --seconds "$seconds" --seed "$(date +%s)" --findings "$findings/$1" \
        $(words "$1" '--words ') "$corpus/$1" >"$log" 2>&1 || true
    inputs=$(sed -n 's/^fuzz: \([0-9]*\) inputs,.*/\1/p' "$log")
}

fuzz() {
    log=$build/$1.log
    inputs=
    case $engine in
    libfuzzer) run_libfuzzer "$1" ;;
    afl) run_afl "$1" ;;
    runner) run_runner "$1" ;;
    esac
    if [ -n "$(ls "$findings/$1")" ]; then
        echo "fuzz: $1, $engine: FINDINGS in $findings/$1, the log is $log"
        status=1
    elif [ -z "$inputs" ]; then
        tail -n 20 "$log" >&2
        echo "fuzz: $1, $engine: did not run to its end, see $log"
        status=1
    else
        echo "fuzz: $1, $engine: no finding in $inputs inputs, $seconds seconds"
    fi
}

targets=${targets:-stream parsers}
status=0
scripts/setup.sh fuzz
prepare
# The dlopen() of a sanitizer looks for modules nowhere else.
LD_LIBRARY_PATH=$PWD/$build
case $build in
/*) LD_LIBRARY_PATH=$build ;;
esac
export LD_LIBRARY_PATH
for target in $targets; do
    fuzz "$target"
done
exit "$status"
