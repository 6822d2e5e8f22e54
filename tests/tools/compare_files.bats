#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
#
# zmalloc compare: the files that it writes, aside first, and the chart.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load common
load comparing

compare() {
    zmalloc compare -b libc,native -n 2 --warmup 0 "$@" -- "$PROGRAM" 1000
}

@test "--json has every sample and the summary" {
    compare --json result.json
    [ "$(json result.json '" ".join(sorted(d))')" = \
        'backends interrupted metric prepare printed program ratio_to runs schema timeout_seconds verdict warmup zmalloc' ]
    keys="['cpu_seconds', 'page_faults', 'peak_rss_bytes', 'wall_seconds', 'zmalloc_peak_bytes']"
    [ "$(json result.json 'sorted(d["backends"][1]["samples"][1])')" = "$keys" ]
    [ "$(json result.json 'sorted(d["backends"][1]["summary"])')" = "$keys" ]
    [ "$(json result.json 'd["program"] == ["'"$PROGRAM"'", "1000"]')" = True ]
    [ "$(json result.json 'all(m["min"] <= m["low"] <= m["median"] <= m["high"] <= m["max"] and m["ratio"] > 0
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

# ---- Tables ----

# csv FILE EXPRESSION: what it is of the rows r of the file, as dictionaries.
csv() {
    python3 -c 'import csv, sys
r = list(csv.DictReader(open(sys.argv[1], newline="")))
print(eval("(" + sys.argv[2] + ")"))' "$1" "$2"
}

@test "--csv has a line for each metric of each row, with the figures of the summary" {
    compare --csv result.csv --json result.json --metric-regex 'used ([0-9]+)' --metric-name 'a, "b"'
    [ "$(csv result.csv '[(x["variant"], x["metric"]) for x in r] == [(v, m)
        for v in ("libc", "native") for m in ("wall", "cpu", "rss", "faults", "peak", "a, \"b\"")]')" \
        = True ]
    [ "$(csv result.csv '{x["unit"] for x in r} == {"s", "bytes", ""} and
        {x["runs"] for x in r} == {"2"} and {x["failure"] for x in r} == {""}')" = True ]
    expected=$(json result.json '[[b["summary"]["peak_rss_bytes"][key]
        for key in ("median", "low", "high", "min", "max", "ratio")] for b in d["backends"]]')
    [ "$(csv result.csv "all(abs(float(x[key]) - value) < 1e-6 for x, values in
        zip([x for x in r if x['metric'] == 'rss'], $expected)
        for key, value in zip(('median', 'low', 'high', 'min', 'max', 'ratio'), values))")" = True ]
}

@test "in --csv and --markdown a row that failed says so" {
    run --separate-stderr -1 zmalloc compare -b libc --variant 'b"a|d: native A=x,y' -n 1 \
        --csv result.csv --markdown result.md -- \
        sh -c '[ -z "$A" ] || exit 3; exec "$PROGRAM" 1000'
    [ "$(csv result.csv '[(x["variant"], x["variables"], x["metric"], x["failure"]) for x in r][-1]')" = \
        "('b\"a|d', 'A=x,y', '', 'it ended with status 3')" ]
    grep -qF '| `b"a\|d` | - | failed | - | - | - |' result.md
    grep -qF -- '- `b"a|d`: it ended with status 3' result.md
}

@test "--markdown has the tables and the verdict" {
    compare --markdown result.md --variant 'a `b_c`: libc A=b'
    grep -q -E '^`.*/tool-program 1000`$' result.md
    for title in 'wall time' 'CPU time' 'peak RSS' 'page faults' "zmalloc's peak"; do
        grep -q -E "^\| $title \| median( \([a-zA-Z]+\))? \| 95 % interval \| min \| max \| ratio \|$" \
            result.md
    done
    number='[0-9]+(\.[0-9]+)?'
    row="\| $number \| $number to $number \| $number \| $number \| $number \|"
    [ "$(grep -c -E "^\| \`native\` $row$" result.md)" -eq 5 ]
    [ "$(grep -c -E "^\| \`\` a \`b_c\` \`\` $row$" result.md)" -eq 5 ]
    [ "$(tail -n 1 result.md)" = \
        'No verdict: with fewer than 6 runs of each no difference is sure.' ]
    # A table ends at an empty line, and each has its line of columns.
    [ "$(grep -c -F '| :-- | --: | --: | --: | --: | --: |' result.md)" -eq 5 ]
}

@test "one file may be stdout, and the table then goes to stderr" {
    compare --json - >result 2>stderr
    [ "$(json result 'd["runs"]')" = 2 ]
    grep -q '^wall time' stderr
    [ ! -e ./- ]
    for format in csv markdown; do
        run -0 --separate-stderr compare "--$format" -
        [[ $output = *native* ]]
        [[ $output != *$'\nwall time  '* ]]
        [[ $stderr = *$'\nwall time  '* ]]
    done
    refuses 'zmalloc compare: --csv -: only one file can be stdout' compare \
        compare --json - --csv - -- touch ran
    [ ! -e ran ]
}

# ---- Charts ----

# svg FILE: its parts, and bars as long as the medians in result.json.
svg() {
    python3 - "$1" <<'END'
import json, re, sys, xml.etree.ElementTree as xml

SVG = "{http://www.w3.org/2000/svg}"
root = xml.parse(sys.argv[1]).getroot()
d = json.load(open("result.json"))
key = {"wall": "wall_seconds", "rss": "peak_rss_bytes", "printed": "printed"}[d["metric"]]
rows = root.findall(f"{SVG}g")
assert [row.find(f"{SVG}title").text for row in rows] == [b["name"] for b in d["backends"]]

def x(element, name="x"):
    return float(element.get(name))

bars = []
for row, backend in zip(rows, d["backends"]):
    summary = backend["summary"][key]
    bar, interval = row.findall(f"{SVG}rect")
    line = row.find(f"{SVG}line")
    scale = x(bar, "width") / summary["median"]
    bars.append((x(bar, "width"), summary["median"]))
    for end, name in ((x(line, "x1"), "min"), (x(line, "x2"), "max"),
                      (x(interval) + .5, "low"),
                      (x(interval) + x(interval, "width") - .5, "high")):
        assert abs(end - x(bar) - summary[name] * scale) < 0.3, (name, end)
# Both widths are rounded to a tenth.
widest, longest = max(bars)
for width, median in bars:
    assert abs(width - median * widest / longest) < 0.11, bars
width, height = float(root.get("width")), float(root.get("height"))
for text in root.iter(f"{SVG}text"):
    assert 0 <= x(text) < width and 0 < x(text, "y") < height
assert root.find(f"{SVG}desc").text == d["verdict"]
END
}

@test "an .svg has a bar for each row, with the interval and the range of all runs" {
    compare --chart chart.svg --json result.json
    svg chart.svg
    compare --chart chart.SVG --json result.json --metric rss
    svg chart.SVG
    grep -q '^<text [^>]*>peak RSS ([KM]iB)</text>$' chart.SVG
    grep -q '>less is better<\|less is better</text>' chart.SVG
    compare --chart chart.svg --json result.json --metric-regex 'used ([0-9]+)' \
        --metric-name 'bytes used' --metric-better higher \
        --variant 'a name that is longer than there is room beside a bar: libc A=b'
    svg chart.svg
    grep -q '^<text [^>]*>bytes used</text>$' chart.svg
    grep -q 'more is better</text>' chart.svg
}

@test "an .svg needs nothing else, and no gnuplot" {
    mkdir programs
    ln -s "$(command -v sh)" programs
    run --separate-stderr -0 env PATH="$PWD/programs" "$ZMALLOC_TOOL" compare -b libc,native -n 2 \
        --chart chart.svg -- "$PROGRAM" 1000
    [ -z "$stderr" ]
    absent 'href|url\(|@import|<script|<image' chart.svg
    [ "$(grep -o 'http[^"]*' chart.svg)" = http://www.w3.org/2000/svg ]
    grep -q '^@media (prefers-color-scheme:dark){$' chart.svg
}

@test "what names say is text in an .svg, whatever it is" {
    zmalloc compare -b libc --variant $'<b>&"\xff\xef\xbf\xbe"\x01: libc A=b' -n 1 --warmup 0 \
        --chart chart.svg -- "$PROGRAM" 1000 ']]><svg>'
    python3 -c 'import xml.dom.minidom
t = xml.dom.minidom.parse("chart.svg").getElementsByTagName("title")
assert t[2].firstChild.data.startswith("<b>&\""), t[2].toxml()
assert "]]><svg>" in t[0].firstChild.data'
}

@test "in an .svg a row that failed says so" {
    run --separate-stderr -1 zmalloc compare -b libc,native -n 1 --chart chart.svg -- sh -c '
        [ $ZMALLOC_BACKEND = libc ] || exit 1; exec "$PROGRAM" 1000'
    grep -q '^<text [^>]*>failed</text>$' chart.svg
    [ "$(grep -c '<rect class="interval"' chart.svg)" -eq 1 ]
}

@test "an .svg can be drawn" {
    skip_without rsvg-convert
    compare --chart chart.svg
    rsvg-convert chart.svg -o chart.png
    [ "$(head -c 8 chart.png | od -An -tx1)" = ' 89 50 4e 47 0d 0a 1a 0a' ]
}

@test "a .png is drawn by gnuplot" {
    skip_without gnuplot
    compare --metric rss --chart chart.PNG \
        --variant 'a name that is longer than a bar, and has a ": libc A=b'
    [ "$(head -c 8 chart.PNG | od -An -tx1)" = ' 89 50 4e 47 0d 0a 1a 0a' ]
    [ "$(ls -A)" = $'chart.PNG\ntemporary' ]
    nothing_temporary_is_left
}

@test "quotes and backquotes in a chart's title and names are not obeyed" {
    skip_without gnuplot
    zmalloc compare --variant "'\`touch name\`'; touch names: libc A=b" -n 1 --chart chart.png -- \
        "$PROGRAM" 1000 "'\`touch obeyed\`'; touch too"
    [ "$(ls -A)" = $'chart.png\ntemporary' ]
}

@test "another end of a chart's name is refused before anything runs" {
    for name in chart chart.pdf .svg svg chart.svg.gz; do
        refuses "zmalloc compare: --chart $name: the name ends with .svg or .png" compare \
            compare --chart "$name" -- touch ran
    done
    [ ! -e ran ]
}

@test "without gnuplot one line says so before the runs, if it is needed, and the rest is done" {
    echo old >chart.png
    mkdir programs
    run --separate-stderr -1 env PATH="$PWD/programs" "$ZMALLOC_TOOL" compare -b libc,native -n 2 \
        --chart chart.png -- "$PROGRAM" 1000
    says='there is no gnuplot in PATH, so there will be no chart.png; the package is called gnuplot, or gnuplot-nox, and an .svg does not need it'
    [ "$stderr" = "zmalloc compare: $says" ]
    [[ $output = *'wall time'* ]]
    [ "$(cat chart.png)" = old ]
}

@test "a gnuplot that fails leaves the old chart" {
    echo old >chart.png
    mkdir programs
    printf '#!/bin/sh\necho half a picture\nexit 1\n' >programs/gnuplot
    chmod +x programs/gnuplot
    run --separate-stderr -1 env PATH="$PWD/programs:$PATH" "$ZMALLOC_TOOL" compare -b libc -n 1 \
        --chart chart.png -- "$PROGRAM" 1000
    [ "$stderr" = 'zmalloc compare: chart.png: not written: gnuplot failed' ]
    [ "$(cat chart.png)" = old ]
    [ -z "$(find . -name '*zmalloc-*')" ]
}
