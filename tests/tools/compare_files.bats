#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
#
# zmalloc compare: the files that it writes, aside first, and the chart.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load common

compare() {
    zmalloc compare -b libc,native -n 2 --warmup 0 "$@" -- "$PROGRAM" 1000
}

@test "--json has every sample and the summary" {
    compare --json result.json
    [ "$(json result.json '" ".join(sorted(d))')" = \
        'backends interrupted metric program ratio_to runs schema verdict warmup zmalloc' ]
    keys="['cpu_seconds', 'page_faults', 'peak_rss_bytes', 'wall_seconds', 'zmalloc_peak_bytes']"
    [ "$(json result.json 'sorted(d["backends"][1]["samples"][1])')" = "$keys" ]
    [ "$(json result.json 'sorted(d["backends"][1]["summary"])')" = "$keys" ]
    [ "$(json result.json 'd["program"] == ["'"$PROGRAM"'", "1000"]')" = True ]
    [ "$(json result.json 'all(m["low"] <= m["median"] <= m["high"] and m["ratio"] > 0
        for b in d["backends"] for m in b["summary"].values())')" = True ]
    [ "$(json result.json 'd["backends"][0]["summary"]["wall_seconds"]["median"] ==
        sum(s["wall_seconds"] for s in d["backends"][0]["samples"]) / 2')" = True ]
    [ "$(json result.json 'd["backends"][0]["version"] != ""')" = True ]
}

@test "a word that is no UTF-8 does not spoil the JSON" {
    zmalloc compare -b libc -n 1 --json result -- "$PROGRAM" 1000 $'1\xff'
    [ "$(json result 'd["program"][2]')" = '1?' ]
}

@test "a file that exists is replaced, and keeps its mode; nothing is left beside it" {
    echo old >result
    chmod 640 result
    compare --json result
    [ "$(json result 'd["runs"]')" = 2 ]
    [ "$(stat -c %a result)" = 640 ]
    [ "$(ls -A)" = $'result\ntemporary' ]
}

@test "whoever has the old file open keeps it whole" {
    echo old >result
    exec 9<result
    compare --json result
    [ "$(cat <&9)" = old ]
    exec 9<&-
}

@test "a new file is as readable as others" {
    umask 027
    compare --json result
    [ "$(stat -c %a result)" = 640 ]
}

@test "through a symbolic link the file is replaced, not the link" {
    mkdir there
    echo old >there/result
    ln -s there/result link
    compare --json link
    [ -L link ]
    [ "$(json there/result 'd["runs"]')" = 2 ]
    [ "$(ls -A there)" = result ]
}

@test "what is no file is written as it is" {
    mkfifo pipe
    cat pipe >copy &
    compare --json pipe
    wait
    [ -p pipe ]
    [ "$(json copy 'd["runs"]')" = 2 ]
    compare --json /dev/null
    [ -c /dev/null ]
}

@test "/dev/stdout is what it was redirected to" {
    compare --json /dev/stdout >all
    grep -q '"schema": 1' all
    grep -q '^wall time' all
    compare --json /dev/stdout | grep -q '^wall time'
}

@test "where a file cannot be it is said before anything runs" {
    refuses "zmalloc compare: --json no/result: No such file or directory" compare \
        compare --json no/result -- touch ran
    refuses "zmalloc compare: --json .: Is a directory" compare compare --json . -- touch ran
    refuses "zmalloc compare: --chart no/chart.svg: No such file or directory" compare \
        compare --chart no/chart.svg -- touch ran
    [ ! -e ran ]
}

@test "what cannot be written in the end is said, and the table is there" {
    mkdir gone
    run --separate-stderr -1 zmalloc compare -b libc -n 1 --json gone/result -- \
        sh -c 'rm -rf gone; exec "$PROGRAM" 1000'
    [ "$stderr" = 'zmalloc compare: gone/result: not written: No such file or directory' ]
    [[ $output = *'wall time'* ]]
}

@test "a chart is an .svg or a .png" {
    skip_without gnuplot
    compare --chart chart.svg
    [[ $(head -c 200 chart.svg) = *'<?xml'* ]]
    python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse("chart.svg")'
    grep -q '>native<' chart.svg
    compare --metric rss --chart chart.PNG
    [ "$(head -c 8 chart.PNG | od -An -tx1)" = ' 89 50 4e 47 0d 0a 1a 0a' ]
    [ "$(ls -A)" = $'chart.PNG\nchart.svg\ntemporary' ]
    nothing_temporary_is_left
}

@test "quotes and backquotes in a chart's title are not obeyed" {
    skip_without gnuplot
    zmalloc compare -b libc -n 1 --chart chart.svg -- \
        "$PROGRAM" 1000 "'\`touch obeyed\`'; touch too"
    [ ! -e obeyed ]
    [ ! -e too ]
    grep -q 'touch obeyed' chart.svg
}

@test "another end of a chart's name is refused before anything runs" {
    for name in chart chart.pdf .svg svg chart.svg.gz; do
        refuses "zmalloc compare: --chart $name: the name ends with .svg or .png" compare \
            compare --chart "$name" -- touch ran
    done
    [ ! -e ran ]
}

@test "without gnuplot one line says so before the runs, and the rest is done" {
    echo old >chart.svg
    mkdir programs
    run --separate-stderr -1 env PATH="$PWD/programs" "$ZMALLOC_TOOL" compare -b libc,native -n 2 \
        --chart chart.svg -- "$PROGRAM" 1000
    says='there is no gnuplot in PATH, so there will be no chart.svg; the package is called gnuplot, or gnuplot-nox'
    [ "$stderr" = "zmalloc compare: $says" ]
    [[ $output = *'wall time'* ]]
    [ "$(cat chart.svg)" = old ]
}

@test "a gnuplot that fails leaves the old chart" {
    echo old >chart.svg
    mkdir programs
    printf '#!/bin/sh\necho half a picture\nexit 1\n' >programs/gnuplot
    chmod +x programs/gnuplot
    run --separate-stderr -1 env PATH="$PWD/programs:$PATH" "$ZMALLOC_TOOL" compare -b libc -n 1 \
        --chart chart.svg -- "$PROGRAM" 1000
    [ "$stderr" = 'zmalloc compare: chart.svg: not written: gnuplot failed' ]
    [ "$(cat chart.svg)" = old ]
    [ -z "$(find . -name '*zmalloc-*')" ]
}
