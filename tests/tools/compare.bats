#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
#
# zmalloc compare: what it runs, what it reports, and what it refuses.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load common
load comparing

# The peaks are exact, whatever else the machine does: libc has twice the others'.
twice='case $ZMALLOC_BACKEND in libc) n=2000000 ;; *) n=1000000 ;; esac; exec "$PROGRAM" $n'

@test "by default it runs every backend that is there" {
    run -0 --separate-stderr zmalloc compare -n 1 --json result -- "$PROGRAM" 1000
    [ -z "$stderr" ]
    [ "$(json result '" ".join(b["name"] for b in d["backends"])')" = "$BACKENDS" ]
    [ "$(json result 'd["runs"], d["warmup"]')" = '(1, 1)' ]
    [ "$(json result 'all(len(b["samples"]) == 1 for b in d["backends"])')" = True ]
    nothing_temporary_is_left
}

@test "there are ten runs by default, after one to warm up" {
    run -0 zmalloc compare -b libc -- sh -c 'echo run >>runs; exec "$PROGRAM" 1000'
    [[ ${lines[1]} = '10 runs on 1 backend, in random order, after 1 to warm up' ]]
    [ "$(wc -l <runs)" -eq 11 ]
}

@test "every metric has a median, an interval and a ratio for each backend" {
    run -0 zmalloc compare -b native,libc -n 6 -- "$PROGRAM" 1000
    for title in 'wall time' 'CPU time' 'peak RSS' 'page faults' "zmalloc's peak"; do
        grep -E "^$title +median +95 % interval +ratio$" <<<"$output"
    done
    number='[0-9]+(\.[0-9]+)?'
    values=" +$number [ a-zA-Z]* $number to $number"
    [ "$(grep -c -E "^  native$values +1\.000$" <<<"$output")" -eq 5 ]
    [ "$(grep -c -E "^  libc$values +$number$" <<<"$output")" -eq 5 ]
    [[ $output = *'ratio: to the median of native; below 1 is less, and less is better'* ]]
}

@test "no line is longer than 100 columns" {
    run -0 zmalloc compare -b libc,debug+libc,debug+native,native -n 6 -- "$PROGRAM" 1000 \
        "$(seq 100 | tr '\n' ' ')"
    for line in "${lines[@]}"; do
        [ "${#line}" -le 100 ]
    done
}

@test "on a narrow terminal no word is broken, and nothing is lost" {
    short() {
        on_columns "$1" "$ZMALLOC_TOOL" compare -b libc,debug+native -n 1 -- "$PROGRAM" 1000
        fits "$1"
        words=$(tr -s ' \n' '\n' <<<"$output")
        for word in 'wall' 'peak' 'median' 'interval' 'ratio' 'debug+native' 'verdict:'; do
            grep -qxF "$word" <<<"$words"
        done
        [ "$(grep -c '^  debug+native ' <<<"$output")" -eq 5 ]
    }
    short 80
    [ "$(grep -c -E '^wall time +median +95 % interval +ratio$' <<<"$output")" -eq 1 ]
    for columns in 60 40; do
        short "$columns"
        [ "$(grep -c -E '^wall time +median +ratio$' <<<"$output")" -eq 1 ]
        [ "$(grep -c -E '^ +95 % interval$' <<<"$output")" -eq 5 ]
        [ "$(grep -c -E '^ +[0-9.]+ to [0-9.]+$' <<<"$output")" -eq 10 ]
    done
    on_columns 40 "$ZMALLOC_TOOL" compare -b libc -n 1 -- sh -c 'exit 3'
    fits 40
}

@test "the verdict names the lowest, and by how much" {
    run -0 zmalloc compare -b libc,native --metric peak -n 6 -- sh -c "$twice"
    verdict="^native has the lowest zmalloc's peak, (49|50)\.[0-9] % less than libc\.$"
    [[ ${lines[-1]} =~ $verdict ]]
}

@test "where intervals overlap the verdict is that there is no difference" {
    run -0 zmalloc compare -b native,native --metric peak -n 6 -- "$PROGRAM" 1000
    [ "${lines[-1]}" = \
        "No difference in zmalloc's peak between native and native: their 95 % intervals overlap." ]
}

@test "with fewer than six runs there is no verdict" {
    run -0 zmalloc compare -b libc,native --metric peak -n 5 -- sh -c "$twice"
    [ "${lines[-1]}" = 'No verdict: with fewer than 6 runs of each no difference is sure.' ]
}

@test "layers are backends, too" {
    run -0 zmalloc compare -b ' libc, debug+libc,, ' -n 1 --warmup 0 --json result -- \
        "$PROGRAM" 1000
    [ "$(json result '[b["name"] for b in d["backends"]]')" = "['libc', 'debug+libc']" ]
}

@test "a layer from a variable is no other backend" {
    ZMALLOC_DEBUG=frames=0 run -0 zmalloc compare -b libc -n 1 -- "$PROGRAM" 1000
}

@test "of several processes the program's own record counts" {
    zmalloc compare -b libc -n 1 --json result -- "$PROGRAM" 1000 5000000
    [ "$(json result 'd["backends"][0]["samples"][0]["zmalloc_peak_bytes"] < 100000')" = True ]
}

@test "else the one with the largest peak" {
    zmalloc compare -b libc -n 1 --json result -- \
        sh -c '"$PROGRAM" 1000; "$PROGRAM" 5000000; "$PROGRAM" 2000; true'
    peak='d["backends"][0]["samples"][0]["zmalloc_peak_bytes"]'
    [ "$(json result "5000000 <= $peak < 5100000")" = True ]
}

@test "the program has no stdin and no terminal, and what it prints is not shown" {
    echo input | zmalloc compare -b libc -n 1 --warmup 0 -- sh -c '
        cat >input
        (: </dev/tty) 2>/dev/null && echo >terminal
        echo said; echo complained >&2
        exec "$PROGRAM" 1000' >stdout 2>stderr
    [ ! -s input ]
    [ ! -e terminal ]
    [ ! -s stderr ]
    absent 'said$|complained' stdout
}

@test "what a run leaves in the background is ended with it" {
    zmalloc compare -b libc -n 1 --warmup 0 -- sh -c '
        sleep 1000 & echo $! >pid; exec "$PROGRAM" 1000'
    is_over "$(cat pid)"
}

# ---- Programs that fail ----

@test "a failing program is named, with its status and the last lines that it printed" {
    run --separate-stderr -1 zmalloc compare -b libc,native -n 1 -- \
        sh -c 'seq 20; echo "the reason" >&2; exit 3'
    [ "${stderr_lines[0]}" = 'zmalloc compare: sh on libc, native: it ended with status 3' ]
    [ "${stderr_lines[1]}" = '  it printed:' ]
    [ "${stderr_lines[2]}" = '    12' ]
    [ "${stderr_lines[-1]}" = '    the reason' ]
    [ "$output" = $'\nNo verdict: nothing was measured.' ]
    nothing_temporary_is_left
}

@test "a program that fails is not run again, and the other backends go on" {
    run --separate-stderr -1 zmalloc compare -b native,libc -n 3 --json result -- sh -c '
        [ $ZMALLOC_BACKEND = libc ] && exec "$PROGRAM" 1000; echo run >>runs; kill -KILL $$'
    [ "$(wc -l <runs)" -eq 1 ]
    [ "${stderr_lines[0]}" = 'zmalloc compare: sh on native: it was ended by signal 9 (Killed)' ]
    [ "${stderr_lines[1]}" = '  it printed nothing' ]
    [[ $output = *'ratio: to the median of libc;'* ]]
    [[ $output = *'No verdict: only libc was measured.' ]]
    [ "$(json result '[b["failure"] and b["failure"]["why"] for b in d["backends"]]')" = \
        "['it was ended by signal 9 (Killed)', None]" ]
    [ "$(json result '[len(b["samples"]) for b in d["backends"]]')" = '[0, 3]' ]
    [ "$(json result 'd["ratio_to"]')" = libc ]
}

@test "a failure after some runs takes the backend out" {
    run --separate-stderr -1 zmalloc compare -b libc,native -n 3 --warmup 0 --json result -- sh -c '
        [ $ZMALLOC_BACKEND = libc ] && exec "$PROGRAM" 1000
        echo run >>runs; [ "$(wc -l <runs)" -lt 3 ] && exec "$PROGRAM" 1000; exit 9'
    [[ $stderr = *'sh on native: it ended with status 9'* ]]
    [ "$(json result '[len(b["samples"]) for b in d["backends"]]')" = '[3, 2]' ]
    [ "$(json result 'd["backends"][1]["summary"]')" = None ]
}

@test "a program that knows nothing of zmalloc is served, and compared with itself as it is" {
    [ "$PRELOAD" ] || skip "this build has no libzmalloc-preload.so"
    run -0 --separate-stderr zmalloc compare --preload=auto -b native,libc -n 2 --json result -- env true
    [ "${lines[1]}" = '2 runs on each of 3 variants, in random order, after 1 to warm up' ]
    [ "$(json result '[b["name"] for b in d["backends"]]')" = "['as it is', 'native', 'libc']" ]
    [ "$(json result '[b["samples"][0]["zmalloc_peak_bytes"] is None for b in d["backends"]]')" = '[True, False, False]' ]
    [ -z "$stderr" ]
}

@test "one that ends without its record is served all the same" {
    [ "$PRELOAD" ] || skip "this build has no libzmalloc-preload.so"
    run -0 --separate-stderr zmalloc compare --preload=auto -b native -n 1 -- sh -c 'exit 0'
    [ -z "$stderr" ]
}

@test "a program without zmalloc is named" {
    run --separate-stderr -1 zmalloc compare -n 1 -- echo hello
    named="zmalloc compare: echo on ${BACKENDS// /, }"
    [[ ${stderr_lines[0]} = "$named: it left no record of its memory: "* ]]
    [ "${stderr_lines[2]}" = '    hello' ]
}

@test "for a program with the static library modules are left out, and that is said" {
    modules=()
    for backend in $BACKENDS; do
        [[ " $BUILT_IN " = *" $backend "* ]] || modules+=("$backend")
    done
    [ "${#modules[@]}" -gt 0 ] || skip "this build has no modules"
    listed=$(printf ', %s' "${modules[@]}")
    says="zmalloc compare: $WHOLE_PROGRAM has the static library, which opens no modules; left out:"
    run --separate-stderr -0 zmalloc compare -n 1 --json result -- "$WHOLE_PROGRAM" text
    [ "$stderr" = "$says ${listed#, }" ]
    [ "$(json result '" ".join(b["name"] for b in d["backends"])')" = "$BUILT_IN" ]
    run --separate-stderr -0 zmalloc compare -n 1 -b "libc,debug+${modules[0]}" -- \
        "$WHOLE_PROGRAM" text
    [ "$stderr" = "$says debug+${modules[0]}" ]
    run --separate-stderr -2 zmalloc compare -n 1 -b "${modules[0]}" -- "$WHOLE_PROGRAM" text
    [ "${stderr_lines[1]}" = "zmalloc compare: there is no backend to run $WHOLE_PROGRAM on" ]
}

@test "a program that runs on another backend than asked is named" {
    run --separate-stderr -1 zmalloc compare -b libc -n 1 -- \
        env ZMALLOC_BACKEND=native "$PROGRAM" 1000
    [ "${stderr_lines[0]}" = 'zmalloc compare: env on libc: it ran on native instead' ]
}

@test "what moves a cursor is not shown" {
    run --separate-stderr -1 zmalloc compare -b libc -n 1 -- sh -c 'printf "a\033[2Jb\r\n"; exit 1'
    [ "${stderr_lines[2]}" = '    a?[2Jb?' ]
}

@test "a program that is not found ends with 127, one not executable with 126" {
    run --separate-stderr -127 zmalloc compare -- no-such-program
    [ "$stderr" = 'zmalloc compare: no-such-program: not found in PATH' ]
    [ -z "$output" ]
    touch file
    run --separate-stderr -126 zmalloc compare -- ./file
    [ "$stderr" = 'zmalloc compare: ./file: cannot be executed: Permission denied' ]
    nothing_temporary_is_left
}

# ---- Bad usage: nothing runs ----

@test "a number of runs that is none, or out of range, is refused with the range" {
    for number in 0 -1 +1 10001 99999999999999999999 ten 1x ' 1' ''; do
        refuses_before_it_runs "-n $number: it is a number from 1 to 10000" -n "$number"
    done
    for number in -1 1001 x; do
        refuses_before_it_runs "--warmup $number: it is a number from 0 to 1000" --warmup "$number"
    done
}

@test "a message names an option as it was typed" {
    for option in --runs=5x -n5x --run=5x --ru=-1; do
        refuses_before_it_runs "$option: it is a number from 1 to 10000" "$option"
    done
    refuses_before_it_runs "--runs 5x: it is a number from 1 to 10000" --runs 5x
    refuses_before_it_runs "--warm=5x: it is a number from 0 to 1000" --warm=5x
    refuses_before_it_runs "--metric=x: it is wall, cpu, rss, faults, peak or printed" --metric=x
    refuses_before_it_runs "--chart=x: the name ends with .svg or .png" --chart=x
    refuses_before_it_runs "--json=no/x: No such file or directory" --json=no/x
    refuses_before_it_runs "--backends=x: unknown backend; available: $BACKENDS" --backends=libc,x
    refuses_before_it_runs "-bx: unknown backend; available: $BACKENDS" -bx
}

@test "an unknown metric is refused, with the nearest right one" {
    known='it is wall, cpu, rss, faults, peak or printed'
    refuses_before_it_runs "--metric wlal: $known; did you mean 'wall'?" --metric wlal
    refuses_before_it_runs "--metric xyzzy: $known" --metric xyzzy
}

@test "an unknown backend is refused, with those that are there" {
    refuses_before_it_runs "-b nonsense: unknown backend; available: $BACKENDS" -b libc,nonsense
    refuses_before_it_runs \
        "-b x+libc: unknown layer \"x\" (known: fail debug sample); available: $BACKENDS" -b x+libc
    refuses_before_it_runs \
        "-b lbic: unknown backend (did you mean libc?); available: $BACKENDS" -b lbic
    LD_PRELOAD='' refuses_before_it_runs \
        "-b naitve: unknown backend (did you mean native?); available: $BACKENDS" -b libc,naitve
    refuses_before_it_runs "-b ' ,': it names no backend" -b ' ,'
}

@test "wrong options are refused" {
    refuses_before_it_runs "unknown option '--metrc'; did you mean '--metric'?" --metrc=cpu
    refuses_before_it_runs "unknown option '-q'" -q
    refuses "zmalloc compare: option '-n' needs an argument" compare compare -n
    refuses "zmalloc compare: no PROGRAM to run" compare compare -n 3
}
