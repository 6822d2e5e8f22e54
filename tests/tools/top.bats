#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
#
# zmalloc top: all processes that use zmalloc.
#
# shellcheck disable=SC2030,SC2031,SC2154
load common
load running

# starts two programs: $one on libc with a limit, and $two on the first other backend, which has more.
start_two() {
    start one env ZMALLOC_BACKEND=libc ZMALLOC_LIMIT=1G "$RUNNING_PROGRAM" one
    one=$pid
    start two "$RUNNING_WHOLE" two
    two=$pid
    skip_if_unreadable "$one"
}

# cells PID: the line of a process, its blanks made single.
cells() {
    sed -n "s/^ *\($1 \)/\1/p" <<<"$output" | tr -s ' '
}

@test "elsewhere than on a terminal there is one table" {
    start_two
    run -0 --separate-stderr zmalloc top
    [ -z "$stderr" ]
    [[ ${lines[0]} =~ ^\ +PID\ +BACKEND\ +USED\ +PEAK\ +LIMIT\ +RSS\ +RSS/U\ +ZONES\ +COMMAND$ ]]
    [[ $(cells "$one") =~ ^$one\ libc\ 32.0M\ 32.0M\ 1.0G\ [0-9.]+[MK]\ [0-9.]+\ 2\ running-program$ ]]
    [[ $(cells "$two") =~ ^$two\ [a-z]+\ 3[2-9]\.[0-9]M\ [0-9.]+M\ -\ .*\ 2\ running-whole$ ]]
}

@test "with ids, only these, and with a line for each zone" {
    start_two
    run -0 zmalloc top --zones "$one"
    [ "${#lines[@]}" -eq 4 ]
    [[ ${lines[2]} =~ ^\ +zone\ +.*\ 1\.0M\ +cache$ ]]
    [[ ${lines[3]} =~ ^\ +zone\ +.*\ \ pages\ \"1\"$ ]]
    run -0 zmalloc top 2147483647
    [ "${lines[1]}" = 'no process that may be read uses zmalloc' ]
}

@test "sorted by what one wants" {
    start_two
    run -0 zmalloc top -s pid "$two" "$one"
    [[ ${lines[1]} == *" $((one < two ? one : two)) "* ]]
    run -0 zmalloc top --sort limit "$two" "$one"
    [[ ${lines[1]} == *" $one "* ]]
    run -0 zmalloc top -s command "$two" "$one"
    [[ ${lines[1]} == *running-program ]]
    for key in used peak rss ratio; do
        zmalloc top --sort $key --json -n 1 "$two" "$one" >$key.json
    done
    [ "$(json used.json 'sorted([p["statistics"]["memory"]["used_bytes"] for p in d["processes"]], reverse=True) == [p["statistics"]["memory"]["used_bytes"] for p in d["processes"]]')" = True ]
    [ "$(json rss.json 'sorted([p["statistics"]["process"]["rss_bytes"] for p in d["processes"]], reverse=True) == [p["statistics"]["process"]["rss_bytes"] for p in d["processes"]]')" = True ]
}

@test "as JSON, a line for each table" {
    start_two
    zmalloc top --json -n 2 -d 0.1 "$one" >tables
    [ "$(grep -c . tables)" -eq 2 ]
    tail -n 1 tables >last
    [ "$(json last 'd["schema"], d["not_shown"], d["why"], len(d["processes"])')" = '(1, 0, None, 1)' ]
    [ "$(json last 'd["processes"][0]["pid"], d["processes"][0]["command"]')" = "($one, 'running-program')" ]
    [ "$(json last 'd["processes"][0]["statistics"]["memory"]["limit_bytes"]')" = 1073741824 ]
    [ "$(json last 'd["processes"][0]["statistics"]["zones"][0]["name"]')" = cache ]
    [[ $(json last 'd["processes"][0]["file"]') == */libzmalloc.so.* || -z $LIBRARY ]]
}

@test "what cannot be written ends it" {
    # shellcheck disable=SC2016
    run --separate-stderr -1 bash -c '"$ZMALLOC_TOOL" top --json >/dev/full'
    [[ $stderr == *'stdout: cannot be written'* ]]
}

# on_terminal KEYS ARGUMENT...: what zmalloc top draws on a terminal, where somebody presses the keys.
on_terminal() {
    local keys=$1
    shift
    skip_without script stty
    SHELL=$BASH TERM=xterm script -qec "stty rows 10 columns 50; exec $(printf '%q ' "$ZMALLOC_TOOL" top "$@")" \
        drawn <<<"$keys" 3>&- >/dev/null
}

@test "on a terminal the table stays in place, and what was there comes back" {
    start_two
    on_terminal '' -n 2 -d 0.1 "$one" "$two"
    [ "$(grep -c $'\033\[?1049h' drawn)" -eq 1 ]
    [ "$(grep -o $'\033\[H' drawn | wc -l)" -eq 2 ]
    [ "$(grep -c $'\033\[?1049l' drawn)" -eq 1 ]
    # The last table stays, below what was there.
    sed $'1,/\033\[?1049l/d' drawn | grep -q "^ *$one  libc "
    # No line is wider than the terminal.
    sed $'s/\033\[[?0-9]*[a-zA-Z]//g; s/\r//g' drawn | grep -v '^Script ' >lines
    absent '.{51}' lines
}

@test "keys sort, show zones and end it" {
    start_two
    on_terminal zuplroicq -d 3600 "$one" "$two"
    grep -q ' zone  ' drawn
    [ "$(grep -c $'\033\[?1049l' drawn)" -eq 1 ]
}

@test "a signal ends it, and the terminal is as before" {
    start_two
    mkfifo keys
    skip_without script
    # shellcheck disable=SC2016
    SHELL=$BASH TERM=xterm script -qfec 'echo $$ >top.pid; exec "$ZMALLOC_TOOL" top -d 3600' drawn <keys 3>&- >/dev/null &
    exec {fd}>keys
    wait_for top.pid
    for ((tries = 0; tries < 600; tries++)); do
        ! grep -q COMMAND drawn || break
        sleep 0.1
    done
    kill "$(cat top.pid)"
    wait $!
    exec {fd}>&-
    [ "$(grep -c $'\033\[?1049l' drawn)" -eq 1 ]
}

@test "bad usage" {
    refuses "zmalloc top: 'x' is not the id of a process: a number from 1 on" top top x
    refuses "zmalloc top: -d 0: it is 0.1 to 3600 seconds" top top -d 0
    refuses "zmalloc top: --delay=1x: it is 0.1 to 3600 seconds" top top --delay=1x
    refuses "zmalloc top: -d nan: it is 0.1 to 3600 seconds" top top -d nan
    refuses "zmalloc top: -n 0: it is a number from 1 on" top top -n 0
    refuses "zmalloc top: --count -1: it is a number from 1 on" top top --count -1
    refuses "zmalloc top: -s rs: the key is used, peak, limit, rss, ratio, pid or command; did you mean 'rss'?" \
        top top -s rs
    refuses "zmalloc top: unknown option '--zonee'; did you mean '--zones'?" top top --zonee
}
