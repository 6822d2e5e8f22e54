#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
#
# zmalloc stats: the figures of running processes, read from outside.
#
# shellcheck disable=SC2030,SC2031,SC2154
load common
load running

complains() {
    [ "$stderr" = "zmalloc stats: $1" ]
}

# same_figures OWN OUTSIDE: what the program and the command say is the same, as far as both know.
same_figures() {
    python3 - "$1" "$2" <<'END'
import json
import sys

own, outside = (json.load(open(name)) for name in sys.argv[1:])
assert own.keys() == outside.keys(), own.keys() ^ outside.keys()
for key in ("schema", "zmalloc", "pid", "backend", "choice", "memory", "threads", "zones"):
    assert own[key] == outside[key], (key, own[key], outside[key])
for group in ("allocator", "process", "ratios", "machine"):
    assert own[group].keys() == outside[group].keys(), group
assert not any(outside["allocator"].values())
assert outside["process"]["rss_bytes"] > 1 << 20
assert outside["process"]["minor_faults"] > 0
assert outside["machine"]["memory_bytes"] == own["machine"]["memory_bytes"]
assert [zone["name"] for zone in outside["zones"]] == ["cache", 'pages "1"'], outside["zones"]
assert outside["zones"][0]["used_bytes"] > outside["zones"][1]["used_bytes"] >= 20000
assert outside["zones"][1]["parent"] == "cache"
END
}

@test "a process is seen from outside as it sees itself, on every backend" {
    for backend in $BACKENDS; do
        start "$backend" env ZMALLOC_BACKEND="$backend" ZMALLOC_LIMIT=1G,soft:900M "$RUNNING_PROGRAM" "$backend"
        skip_if_unreadable "$pid"
        zmalloc stats --json "$pid" >outside
        same_figures "$backend" outside
    done
}

@test "also with a layer over the backend" {
    start layer env ZMALLOC_BACKEND=fail+libc "$RUNNING_PROGRAM" layer
    skip_if_unreadable "$pid"
    zmalloc stats --json "$pid" >outside
    same_figures layer outside
}

@test "a stripped program with zmalloc inside, whose file is gone" {
    cp "$RUNNING_WHOLE" program
    skip_without strip
    strip program
    start inside ./program inside
    rm program
    skip_if_unreadable "$pid"
    zmalloc stats --json "$pid" >outside
    same_figures inside outside
}

@test "the text and the metrics have the same figures" {
    start own env ZMALLOC_BACKEND=libc "$RUNNING_PROGRAM" own
    skip_if_unreadable "$pid"
    used=$(json own 'd["memory"]["used_bytes"]')
    run -0 --separate-stderr zmalloc stats "$pid"
    [[ ${lines[0]} =~ ^zmalloc\ .*,\ process\ $pid$ ]]
    [[ $output == *"  used                      $used bytes"* ]]
    [[ $output == *'zone                        pages \x221\x22'* ]]
    run -0 --separate-stderr zmalloc stats --prometheus "$pid"
    [[ $output == *$'\n'"zmalloc_used_bytes $used"$'\n'* ]]
    [[ $output == *'zmalloc_zone_used_bytes{zone="pages \"1\"",number="2"} 20'* ]]
}

@test "threads come and go, and no reading is out of bounds, on every backend" {
    for backend in $BACKENDS; do
        start "$backend" env ZMALLOC_BACKEND="$backend" "$RUNNING_PROGRAM" "$backend" churn
        skip_if_unreadable "$pid"
        held=$(json "$backend" 'd["memory"]["used_bytes"]')
        for ((reading = 0; reading < 10; reading++)); do
            zmalloc stats --json "$pid" "$pid" "$pid" "$pid" "$pid"
        done >"$backend.readings"
        end_all
        # Eight threads with 64 KiB each, what a thread of each has begun, and what is counted while
        # a reading goes on.
        python3 - "$backend.readings" "$held" <<'END'
import json
import sys

readings = [json.loads(line)["memory"]["used_bytes"] for line in open(sys.argv[1])]
held = int(sys.argv[2])
assert len(readings) == 50, len(readings)
bad = [used for used in readings if not held <= used <= held + (8 << 20)]
assert not bad, (held, bad)
END
    done
}

@test "several processes are shown one after the other" {
    start one "$RUNNING_PROGRAM" one
    one=$pid
    start two "$RUNNING_PROGRAM" two
    skip_if_unreadable "$pid"
    zmalloc stats --json "$one" "$pid" >both
    [ "$(grep -c . both)" -eq 2 ]
    head -n 1 both >first
    [ "$(json first 'd["pid"]')" = "$one" ]
}

@test "what cannot be read is said, and the others are shown" {
    start own "$RUNNING_PROGRAM" own
    skip_if_unreadable "$pid"
    run --separate-stderr -1 zmalloc stats --json 2147483647 "$pid"
    complains '2147483647: there is no such process'
    [ "${#lines[@]}" -eq 1 ]
}

@test "a program that does not use zmalloc" {
    mkfifo input
    cat <input 3>&- &
    exec {fd}>input
    run --separate-stderr -1 zmalloc stats $!
    [[ $stderr == *'the kernel'* ]] || complains "$! (cat): it does not use zmalloc"
    exec {fd}>&-
}

@test "a program that has not allocated anything yet" {
    start idle "$RUNNING_PROGRAM" idle idle
    skip_if_unreadable "$pid"
    run --separate-stderr -1 zmalloc stats "$pid"
    complains "$pid (running-program): it has not allocated anything with zmalloc yet"
}

@test "a process that has ended, and whose parent does not look" {
    mkfifo input
    python3 -c 'import os, sys
pid = os.fork()
if pid == 0:
    os._exit(0)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
with open("ended.new", "w") as file:
    file.write(str(pid))
os.rename("ended.new", "ended")
sys.stdin.read()' <input 3>&- &
    exec {fd}>input
    wait_for ended
    pid=$(cat ended)
    run --separate-stderr -1 zmalloc stats "$pid"
    [[ $stderr =~ ^zmalloc\ stats:\ $pid\ \(python3?.*\):\ it\ has\ ended$ ]]
    exec {fd}>&-
}

@test "a process of somebody else" {
    [ "$(id -u)" -eq 0 ] || skip "only root can be somebody else"
    skip_without setpriv
    chmod 755 .
    setpriv --reuid 65534 --clear-groups test -x "$ZMALLOC_TOOL" || skip "nobody else can get to this build"
    start own "$RUNNING_PROGRAM" own
    run --separate-stderr -1 setpriv --reuid 65534 --clear-groups "$ZMALLOC_TOOL" stats "$pid"
    [[ $stderr == *'Permission denied'* ]] ||
        complains "$pid (running-program): it belongs to another user: run this as root"
}

@test "libraries of other versions, and memory that is overwritten" {
    local nonsense='its figures make no sense; its memory may have been overwritten'
    start sound "$WINDOW_PROGRAM" sound sound
    skip_if_unreadable "$pid"
    zmalloc stats --json "$pid" >sound.json
    [ "$(json sound.json 'd["memory"]["used_bytes"], d["memory"]["peak_bytes"]')" = '(600, 5000)' ]
    for how in older newer unused-copy; do
        start "$how" "$WINDOW_PROGRAM" "$how" "$how"
        zmalloc stats --json "$pid" >"$how.json"
        [ "$(json "$how.json" 'd["memory"]["used_bytes"], d["memory"]["peak_bytes"]')" = '(600, 5000)' ]
    done
    while IFS=: read -r how says; do
        start "$how" "$WINDOW_PROGRAM" "$how" "$how"
        run --separate-stderr -1 zmalloc stats "$pid"
        complains "$pid (window-program): $says"
    done <<END
layout:it has zmalloc 9.8.7, whose figures only the command of that version can read
word:it is a program of 16 bits, and this command reads those of $(($(getconf LONG_BIT)))
unused:it has not allocated anything with zmalloc yet
node-size:$nonsense
offset:$nonsense
used:$nonsense
circle:$nonsense
nowhere:$nonsense
source:$nonsense
zones:$nonsense
name:$nonsense
copy:it does not use zmalloc
END
}

@test "a program that executes itself again and again" {
    start again "$RUNNING_PROGRAM" again exec
    skip_if_unreadable "$pid"
    for ((reading = 0; reading < 100; reading++)); do
        zmalloc stats --json "$pid" 2>&1 || true
    done >readings
    run ! grep -v -e '"used_bytes":' -e 'executed another program' -e 'not allocated anything' \
        -e 'does not use zmalloc' readings
}

@test "bad usage" {
    refuses 'zmalloc stats: it needs the id of a process' stats stats
    for id in 0 -1x x 12x '' ' 12' 99999999999999999999; do
        refuses "zmalloc stats: '$id' is not the id of a process: a number from 1 on" stats stats -- "$id"
    done
    refuses 'zmalloc stats: --prometheus is for one process: metrics of several would have the same names' \
        stats stats --prometheus 1 2
    refuses "zmalloc stats: unknown option '--jsn'; did you mean '--json'?" stats stats --jsn 1
}
