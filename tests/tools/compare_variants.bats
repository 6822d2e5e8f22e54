#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
#
# zmalloc compare: variants, figures that programs print, what comes before a run, and timeouts.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load common
load comparing

# Only a program that has the variable gets as much.
by_variable='exec "$PROGRAM" "${BYTES:-1000}"'
peak='["summary"]["zmalloc_peak_bytes"]["median"]'

# ---- Variants ----

@test "a variant has its variables, and the other rows have not" {
    run -0 --separate-stderr zmalloc compare -b libc --variant 'libc BYTES=2000000 OTHER=1' -n 2 \
        --json result -- sh -c '[ -z "$BYTES$OTHER" ] || [ "$OTHER" = 1 ] || exit 1; '"$by_variable"
    [ "${lines[1]}" = '2 runs on each of 2 variants, in random order, after 1 to warm up' ]
    [ "$(grep -c '^  libc BYTES=2000000 OTHER=1 ' <<<"$output")" -eq 5 ]
    [ "$(json result "d['backends'][0]$peak < 3000 and d['backends'][1]$peak >= 2000000")" = True ]
    [ "$(json result '[b["variables"] for b in d["backends"]]')" = \
        "[[], ['BYTES=2000000', 'OTHER=1']]" ]
    [ "$(json result '[b["backend"] for b in d["backends"]]')" = "['libc', 'libc']" ]
}

@test "variants alone replace the backends, in the order in which they come" {
    run -0 zmalloc compare --variant 'big: native BYTES=4000000' --variant=libc -b native,debug+libc \
        --variant 'libc ZMALLOC_DEBUG=frames=0' -n 1 --warmup 0 --json result -- sh -c "$by_variable"
    [ "$(json result '[b["name"] for b in d["backends"]]')" = \
        "['big', 'libc', 'native', 'debug+libc', 'libc ZMALLOC_DEBUG=frames=0']" ]
    [ "$(json result 'd["ratio_to"]')" = big ]
    [[ $output = *'ratio: to the median of big; '* ]]
}

@test "what a variant sets has no effect on the command" {
    run -0 --separate-stderr zmalloc compare --variant 'libc TERM=x COLUMNS=20 PATH=/nowhere' -n 1 \
        -- "$PROGRAM" 1000
    [ -z "$stderr" ]
    [[ ${lines[2]} = 'ratio: to the median of libc TERM=x COLUMNS=20 PATH=/nowhere; below 1 '* ]]
}

@test "the verdict and messages name the variant" {
    run -0 zmalloc compare -b libc --variant 'two: libc BYTES=2000' --metric peak -n 6 -- \
        sh -c "$by_variable"
    [[ ${lines[-1]} =~ ^libc\ has\ the\ lowest\ zmalloc\'s\ peak,\ 49\.[0-9]\ %\ less\ than\ two\.$ ]]
    run --separate-stderr -1 zmalloc compare --variant 'bad: libc WRONG=1' -b libc -n 1 -- \
        sh -c '[ -z "$WRONG" ] || exit 5; '"$by_variable"
    [ "${stderr_lines[0]}" = 'zmalloc compare: sh on bad: it ended with status 5' ]
    [ "$(grep -c -E '^  bad +- +failed +-$' <<<"$output")" -eq 5 ]
}

@test "names that are too long have lines of their own" {
    name='a name that is longer than half of a line, and then a bit longer'
    run -0 zmalloc compare -b libc --variant "$name: libc BYTES=1" -n 1 -- sh -c "$by_variable"
    [ "$(grep -c -E "^  $name +[0-9.]+ " <<<"$output")" -eq 5 ]
    long="$name, as if that were not enough already"
    run -0 zmalloc compare -b libc --variant "$long: libc BYTES=1" -n 1 -- sh -c "$by_variable"
    [ "$(grep -c -E "^  $long$" <<<"$output")" -eq 5 ]
    # What is wider than a byte is one column.
    run -0 zmalloc compare -b libc --variant 'größer: libc BYTES=1' -n 1 -- sh -c "$by_variable"
    plain=$(grep -m 1 '^  libc ' <<<"$output")
    wide=$(grep -m 1 '^  größer ' <<<"$output")
    LC_ALL=C.UTF-8
    [ "${#plain}" -eq "${#wide}" ]
}

@test "what is no variant is refused" {
    refuses_before_it_runs "--variant '': it names no backend" --variant ''
    refuses_before_it_runs "--variant 'A=b': it names no backend before 'A=b'" --variant A=b
    refuses_before_it_runs \
        "--variant='libc b': 'b' is no variable: after the backend come NAME=VALUE" \
        --variant='libc b'
    refuses_before_it_runs \
        "--variant nonsense A=b: unknown backend; available: $BACKENDS" --variant 'nonsense A=b'
    refuses_before_it_runs \
        "--variant x: lbic: unknown backend (did you mean libc?); available: $BACKENDS" \
        -b libc --variant 'x: lbic'
}

@test "two rows of one name are refused, but a backend may be compared with itself" {
    says="give one another: --variant 'NAME: BACKEND...'"
    refuses_before_it_runs "two rows have the name 'libc A=b'; $says" \
        --variant 'libc A=b' --variant ' libc  A=b'
    refuses_before_it_runs "two rows have the name 'libc'; $says" -b libc --variant 'libc: native'
    run -0 zmalloc compare --variant native --variant native -n 1 -- "$PROGRAM" 1000
}

@test "with the static library variants of modules are left out, too" {
    for backend in $BACKENDS; do
        [[ " $BUILT_IN " = *" $backend "* ]] || module=$backend
    done
    [ -n "${module-}" ] || skip "this build has no modules"
    says="zmalloc compare: $WHOLE_PROGRAM has the static library, which opens no modules; left out:"
    run --separate-stderr -0 zmalloc compare -n 1 -b libc --variant "mine: $module A=b" -- \
        "$WHOLE_PROGRAM" text
    [ "$stderr" = "$says mine" ]
}

# ---- The figure that a program prints ----

prints='case $ZMALLOC_BACKEND in libc) n=100 ;; *) n=150 ;; esac
    echo "rate: 1 per second" >&2; "$PROGRAM" 1000; echo "rate: 7 per second"
    echo "rate: $n per second"; echo "rate: 2 per second" >&2'

@test "what the program prints is a metric, and the verdict is about it" {
    run -0 --separate-stderr zmalloc compare -b libc,native -n 6 --metric-regex 'rate: ([0-9]+)' \
        --metric-name 'rate per second' --metric-better higher --json result -- sh -c "$prints"
    [ -z "$stderr" ]
    grep -E '^rate per second +median +95 % interval +ratio$' <<<"$output"
    grep -E '^  libc +100 +100 to 100 +1\.000$' <<<"$output"
    grep -E '^  native +150 +150 to 150 +1\.500$' <<<"$output"
    [[ ${output//$'\n'/ } = *'and less is better; of rate per second, more is better'* ]]
    [ "${lines[-1]}" = 'native has the highest rate per second, 50.0 % more than libc.' ]
    [ "$(json result 'd["printed"]')" = \
        "{'name': 'rate per second', 'regex': 'rate: ([0-9]+)', 'better': 'higher'}" ]
    [ "$(json result 'd["metric"], [s["printed"] for s in d["backends"][1]["samples"]]')" = \
        "('printed', [150.0, 150.0, 150.0, 150.0, 150.0, 150.0])" ]
    nothing_temporary_is_left
}

@test "lower is better unless said otherwise, and another metric may be asked for" {
    run -0 zmalloc compare -b libc,native -n 6 --metric-regex 'rate: ([0-9]+)' -- sh -c "$prints"
    [ "${lines[-1]}" = 'libc has the lowest printed figure, 33.3 % less than native.' ]
    [[ $output != *'more is better'* ]]
    run -0 zmalloc compare -b libc -n 1 --metric peak --metric-regex 'rate: ([0-9]+)' \
        --json result -- sh -c "$prints"
    [ "$(json result 'd["metric"]')" = peak ]
}

@test "a run that does not print it has failed, and all that it printed is shown" {
    run --separate-stderr -1 zmalloc compare -b libc,native -n 2 --metric-regex 'rate: ([0-9]+)' -- \
        sh -c 'echo why >&2; "$PROGRAM" 1000; [ $ZMALLOC_BACKEND = libc ] || echo rate: 3'
    says="no line that it printed matches --metric-regex 'rate: ([0-9]+)'"
    [ "${stderr_lines[0]}" = "zmalloc compare: sh on libc: $says" ]
    [[ ${stderr_lines[2]} = '    used 10'*' on libc' ]]
    [ "${stderr_lines[3]}" = '    why' ]
    [[ $output = *'No verdict: only native was measured.' ]]
    run --separate-stderr -1 zmalloc compare -b libc -n 1 --metric-regex 'on (.*)' -- \
        "$PROGRAM" 1000
    [ "${stderr_lines[0]}" = "zmalloc compare: $PROGRAM on libc: what --metric-regex found is no \
number: 'libc'" ]
}

@test "wrong options about the figure are refused" {
    says="it needs one, around the number, as in 'rate: ([0-9.]+)'"
    refuses_before_it_runs "--metric-regex '[0-9]+': it has no group; $says" --metric-regex '[0-9]+'
    refuses_before_it_runs "--metric-regex '(a)(b)': it has several groups; $says" \
        --metric-regex '(a)(b)'
    run --separate-stderr -2 zmalloc compare --metric-regex '([0-9' -- touch ran
    [[ ${stderr_lines[0]} = "zmalloc compare: --metric-regex '([0-9': "?* ]]
    refuses_before_it_runs "--metric-better more: it is lower or higher" \
        --metric-regex '(x)' --metric-better more
    refuses_before_it_runs "--metric-name the name is empty" --metric-regex '(x)' --metric-name ''
    refuses_before_it_runs "--metric printed: --metric-regex says what that is" --metric printed
    refuses_before_it_runs "--metric-name is about what --metric-regex finds" --metric-name rate
    refuses_before_it_runs "--metric-better is about what --metric-regex finds" \
        --metric-better=higher
    [ ! -e ran ]
}

# ---- Before a run ----

@test "the command of --prepare runs before each run, and its time does not count" {
    run -0 zmalloc compare -b libc,native -n 2 --json result \
        --prepare 'echo prepared >>order; echo said; sleep 0.5' -- \
        sh -c 'echo run >>order; exec "$PROGRAM" 1000'
    [ "$(sort order | uniq -c | tr -s ' ' | tr '\n' ,)" = ' 6 prepared, 6 run,' ]
    [ "$(uniq order | wc -l)" -eq 12 ]
    [ "$(head -n 1 order)" = prepared ]
    [ "$(json result 'min(s["wall_seconds"] for b in d["backends"] for s in b["samples"]) < 0.5')" \
        = True ]
    [ "$(json result 'd["prepare"]')" = 'echo prepared >>order; echo said; sleep 0.5' ]
    nothing_temporary_is_left
}

@test "it has the environment as it is, and what it leaves in the background stays" {
    export ZMALLOC_BACKEND=mine
    zmalloc compare --variant 'libc A=b' -n 1 --warmup 0 \
        --prepare 'echo "$ZMALLOC_BACKEND,$A,$ZMALLOC_STATS" >seen
            sleep 1000 & echo $! >pid' -- "$PROGRAM" 1000
    [ "$(cat seen)" = 'mine,,' ]
    kill "$(cat pid)"
}

@test "if it fails, the program is not run, and that is said" {
    run --separate-stderr -1 zmalloc compare -b libc,native -n 2 \
        --prepare 'echo because >&2; exit 4' -- touch ran
    says="--prepare 'echo because >&2; exit 4': it ended with status 4"
    [ "${stderr_lines[0]}" = "zmalloc compare: touch on libc, native: $says" ]
    [ "${stderr_lines[2]}" = '    because' ]
    [ ! -e ran ]
    nothing_temporary_is_left
}

@test "Ctrl-C ends what prepares, too" {
    env --default-signal=INT "$ZMALLOC_TOOL" compare -b libc -n 2 \
        --prepare 'echo $$ >pid; mv pid preparing; exec sleep 1000' -- touch ran >stdout &
    compare=$!
    wait_for preparing
    kill -INT "$compare"
    ends_with 130 "$compare"
    is_over "$(cat preparing)"
    [ ! -e ran ]
    nothing_temporary_is_left
}

# ---- Timeouts ----

@test "a run that takes too long is ended with all it started, and the others go on" {
    run --separate-stderr -1 zmalloc compare -b libc,native -n 2 --timeout 5 --json result -- sh -c '
        [ $ZMALLOC_BACKEND = libc ] && exec "$PROGRAM" 1000
        echo run >>runs; sleep 1000 & echo $! >child; wait'
    says='it took longer than 5 s, and was ended'
    [ "${stderr_lines[0]}" = "zmalloc compare: sh on native: $says" ]
    [ "$(grep -c -E '^  native +- +timed out +-$' <<<"$output")" -eq 5 ]
    [ "$(grep -c -E '^  libc +[0-9.]+ ' <<<"$output")" -eq 5 ]
    [ "$(wc -l <runs)" -eq 1 ]
    is_over "$(cat child)"
    [ "$(json result 'd["backends"][1]["failure"]["why"], d["timeout_seconds"]')" = \
        "('$says', 5.0)" ]
    nothing_temporary_is_left
}

@test "what does not end when told to is killed, and one that then ends well has failed, too" {
    run --separate-stderr -1 zmalloc compare -b libc,native -n 1 --timeout 0.5 -- sh -c '
        [ $ZMALLOC_BACKEND = native ] && { trap "exit 0" TERM; sleep 1000 & wait; }
        trap "" TERM; while :; do sleep 1000; done'
    [ "${stderr_lines[0]}" = \
        'zmalloc compare: sh on libc, native: it took longer than 0.5 s, and was ended' ]
    nothing_temporary_is_left
}

@test "a timeout that is none is refused" {
    for seconds in 0 -1 1s 1e3 '' ' 1' 0x10 1.2.3 1000001 inf; do
        refuses_before_it_runs "--timeout $seconds: it is 0.1 to 1000000 seconds" \
            --timeout "$seconds"
    done
}
