#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
#
# zmalloc profile: of files, of two files, and of programs.
# shellcheck disable=SC2030,SC2031,SC2154
load common

# A profile of two call stacks; the objects are none that is there.
write_profile() {
    cat >"$1" <<END_OF_PROFILE
heap profile: 30: 3145728 [$2: 5242880] @ heapprofile
10: 1048576 [10: 1048576] @ 0x55aa00001010 0x55aa00002020
20: $((2097152 + ${3:-0})) [$(($2 - 10)): 4194304] @ 0x55aa00001234 0x55aa00002020

MAPPED_LIBRARIES:
55aa00000000-55aa00004000 r-xp 00000000 08:01 1234 /nowhere/server
7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0 [stack]
END_OF_PROFILE
}

@test "a profile is a table of functions, the largest first" {
    write_profile heap 50
    run --separate-stderr -0 zmalloc profile heap
    [ -z "$stderr" ]
    [ "${lines[0]}" = 'heap: 3.00 MiB live in 30 blocks, estimated from samples' ]
    [ "${lines[1]}" = '   OWN MiB      %   WITH MiB      %     BLOCKS  FUNCTION' ]
    [ "${lines[2]}" = '      2.00   66.7       2.00   66.7         20  server+0x1233' ]
    [ "${lines[3]}" = '      1.00   33.3       1.00   33.3         10  server+0x100f' ]
    [ "${lines[4]}" = '      0.00    0.0       3.00  100.0          0  server+0x201f' ]
    [ "${#lines[@]}" -eq 5 ]
}

@test "or of what was ever allocated, and of so many rows" {
    write_profile heap 50
    run -0 zmalloc profile --total -n 1 heap
    [ "${lines[0]}" = 'heap: 5.00 MiB allocated in all in 50 blocks, estimated from samples' ]
    [ "${lines[2]}" = '      4.00   80.0       4.00   80.0         40  server+0x1233' ]
    [ "${lines[3]}" = '... and 2 functions more (-n shows more)' ]
}

@test "functions without a block are left out, and without any there is a line that says so" {
    write_profile heap 50
    sed -i 's/^20: [0-9]*/0: 0/' heap
    run -0 zmalloc profile heap
    [ "${lines[2]}" = '      1.00  100.0       1.00  100.0         10  server+0x100f' ]
    [ "${lines[3]}" = '      0.00    0.0       1.00  100.0          0  server+0x201f' ]
    [ "${#lines[@]}" -eq 4 ]
    sed -i 's/^10: [0-9]*/0: 0/' heap
    run -0 zmalloc profile heap
    [ "${lines[1]}" = 'no sample is of that; a smaller interval takes more, and --total shows what was freed as well' ]
    [ "${#lines[@]}" -eq 2 ]
    sed -i 's/\[[0-9]*: [0-9]*\]/[0: 0]/' heap
    run -0 zmalloc profile --total heap
    [ "${lines[1]}" = 'no sample is of that; a smaller interval takes more' ]
}

@test "two profiles are what was added" {
    write_profile before 50
    write_profile after 60 1048576
    run -0 zmalloc profile before after
    [ "${lines[0]}" = 'after since before: 1.00 MiB live in 0 blocks, estimated from samples' ]
    [ "${lines[2]}" = '      1.00  100.0       1.00  100.0          0  server+0x1233' ]
    run -0 zmalloc profile after before
    [ "${lines[0]}" = 'before since after: -1.00 MiB live in 0 blocks, estimated from samples' ]
}

@test "what is no profile is refused with one line" {
    local file
    printf 'nothing\n' >text
    : >empty
    write_profile whole 50
    head -n 3 whole >short
    sed 's/20: 2097152/20; 2097152/' whole >wrong
    sed 's/0x55aa00001234/0xzz/' whole >address
    sed 's/08:01 1234/08:01/; s/55aa00000000-/55aa00000000 /' whole >mapping
    for file in 'text: it is no heap profile, which begins with "heap profile:"' 'empty: it is empty' \
        'short: it is cut off: it has no "MAPPED_LIBRARIES:"' 'wrong: line 3 makes no sense' \
        'address: line 3 makes no sense' 'mapping: line 6 makes no sense' \
        'none: No such file or directory' '.: Is a directory'; do
        run --separate-stderr -1 zmalloc profile "${file%%:*}"
        [ -z "$output" ]
        [ "$stderr" = "zmalloc profile: $file" ]
    done
    run --separate-stderr -1 zmalloc profile whole text
    [[ $stderr = 'zmalloc profile: text: it is no heap profile'* ]]
}

@test "bad usage" {
    refuses 'zmalloc profile: neither a profile nor -- and a program' profile profile
    refuses 'zmalloc profile: no program is named after --' profile profile --
    refuses 'zmalloc profile: c: two profiles at most; a program comes after --' profile profile a b c
    refuses 'zmalloc profile: -n 0: it is a number from 1 to 1000000' profile profile -n 0 a
    refuses 'zmalloc profile: --rows=many: it is a number from 1 to 1000000' profile profile --rows=many a
    run --separate-stderr -1 zmalloc profile --flame none/x.svg a
    [ "$stderr" = 'zmalloc profile: --flame none/x.svg: No such file or directory' ]
}

@test "folded stacks and a flame graph" {
    write_profile heap 50
    run -0 zmalloc profile --folded folded --flame flame.svg heap
    run -0 sort folded
    [ "${lines[0]}" = 'server+0x201f;server+0x100f 1048576' ]
    [ "${lines[1]}" = 'server+0x201f;server+0x1233 2097152' ]
    skip_without python3
    python3 - <<'END_OF_PYTHON'
import xml.etree.ElementTree as tree
svg = "{http://www.w3.org/2000/svg}"
boxes = {}
for group in tree.parse("flame.svg").iter(svg + "g"):
    rect = group.find(svg + "rect")
    boxes[group.find(svg + "title").text] = [float(rect.get(name)) for name in ("x", "width", "y")]
assert len(boxes) == 4, boxes
everything = boxes["all: 3 MiB, 100.0 %"]
small = boxes["server+0x100f: 1 MiB, 33.3 %"]
large = boxes["server+0x1233: 2 MiB, 66.7 %"]
assert everything[:2] == [10, 1180]
assert abs(large[1] - 2 * small[1]) < 0.1 and abs(small[1] + large[1] - 1180) < 0.1
assert small[2] == large[2] < everything[2]
END_OF_PYTHON
}

@test "the form of pprof" {
    write_profile heap 50
    run -0 zmalloc profile -o heap.pb.gz heap
    gzip -t heap.pb.gz
    skip_without python3
    run -0 python3 -B "$BATS_TEST_DIRNAME/read_pprof.py" heap.pb.gz
    [ "${lines[0]}" = 'alloc_objects alloc_space inuse_objects inuse_space' ]
    [ "${lines[1]}" = 'server+0x100f;server+0x201f 10 1048576 10 1048576' ]
    [ "${lines[2]}" = 'server+0x1233;server+0x201f 40 4194304 20 2097152' ]
    [ "${#lines[@]}" -eq 3 ]
}

@test "zones are the outermost frames, and labels in the form of pprof" {
    write_profile heap 50
    sed -i -e '2s/$/ 0x55aa00002f01/' \
        -e 's,^MAPPED.*,&\n55aa00002f00-55aa00002f01 r--p 00000000 00:00 0 [zone a/b ]of us],' heap
    run -0 zmalloc profile --folded folded -o heap.pb.gz heap
    [ "${lines[4]}" = '      0.00    0.0       3.00  100.0          0  server+0x201f' ]
    [ "${lines[5]}" = '      0.00    0.0       1.00   33.3          0  [zone a/b ]of us]' ]
    grep -q -x '\[zone a/b \]of us\];server+0x201f;server+0x100f 1048576' folded
    grep -q -x 'server+0x201f;server+0x1233 2097152' folded
    skip_without python3
    run -0 python3 -B "$BATS_TEST_DIRNAME/read_pprof.py" heap.pb.gz
    [ "${lines[1]}" = 'server+0x100f;server+0x201f 10 1048576 10 1048576 zone=a/b ]of us' ]
    [ "${lines[2]}" = 'server+0x1233;server+0x201f 40 4194304 20 2097152' ]
}

# shown PATTERN: a line of the table is like it.
shown() {
    local line
    for line in "${lines[@]}"; do
        # shellcheck disable=SC2053
        [[ $line != $1 ]] || return 0
    done
    printf '%s\n' "no line is like $1:" "$output"
    return 1
}

@test "a program is run and shown" {
    for backend in $BACKENDS; do
        run --separate-stderr -0 zmalloc profile -b "$backend" -i 1 -- "$PROFILE_PROGRAM"
        [ -z "$stderr" ]
        [[ ${lines[0]} = "$PROFILE_PROGRAM: "*' live in '*' blocks, estimated from samples' ]]
        shown '      0.95 '*' 0.95 '*' 100  hold_much*'
        shown '      0.01 '*' 0.01 '*' 10  hold_little*'
        shown '      0.00 '*' 0.96 '*' 0  hold_both*'
        run -0 zmalloc profile --total -i 1 -b "$backend" -- "$PROFILE_PROGRAM"
        shown '      9.54 '*' 9.54 '*' 1000  hold_nothing*'
    done
    [ -z "$(ls temporary)" ]
}

# Its words are of letters, and all different; each has a block of its own.
@test "the holders of wordcount are right, and google-pprof says the same" {
    [ -n "${WORDCOUNT:-}" ] || skip "there is no wordcount"
    seq 10000 14999 | tr 0-9 a-j >words
    for backend in $BACKENDS; do
        run --separate-stderr -0 zmalloc profile --total -i 1 -n 4 -b "$backend" -o pprof -- "$WORDCOUNT" words
        # 1024 slots of 24 bytes, which double three times, with a copy; 5000 words of six bytes.
        shown '      0.49 '*' 0.49 '*' 6  grow*'
        shown '      0.03 '*' 0.03 '*' 5000  count_word*'
        shown '      0.02 '*' 0.02 '*' 1  new_table*'
        shown '      0.11 '*' 0.11 '*' 1  print_top*'
    done
    command -v google-pprof >/dev/null || skip "google-pprof is missing; the rest passed"
    ZMALLOC_SAMPLE=1,file=heap "$WORDCOUNT" words >/dev/null
    google-pprof --text --alloc_space "$WORDCOUNT" heap 2>/dev/null | sed 's/ (inline)$//; 1d; 5q' |
        awk '{ sub("%", "", $2); print $6, $2 }' >theirs
    zmalloc profile --total -n 4 heap | awk 'NR > 3 && NR < 8 { print $6, $2 }' >ours
    [ -s ours ]
    diff theirs ours
}

# What it holds is over 512 bytes each, which is malloc()'s, and each line has call stacks of its own. Bounds are
# six standard deviations.
@test "the holders of a program in Python are right on every backend" {
    [ -n "$PRELOAD" ] || skip "there is no preload library"
    skip_without python3
    cat >hold.py <<'END_OF_PYTHON'
blocks = [bytes(1000) for _ in range(20000)]
arrays = [bytearray(5000) for _ in range(2000)]
texts = [chr(97 + i % 26) * 700 for i in range(4000)]
rows = [tuple(range(150)) for _ in range(2000)]
import os, signal
os.kill(os.getpid(), signal.SIGUSR2)
ends = [bytes(600)]
END_OF_PYTHON
    cat >check.awk <<'END_OF_AWK'
function check(row, count, size) {
    off = found[row] / size - count
    limit = 6 * sqrt(count * 8192 / size)
    if (off * off > limit * limit) {
        printf "%d blocks of %d bytes were estimated as %d\n", count, size, found[row] / size
        wrong = 1
    }
}
{ found[NR] = $1 }
END {
    check(1, 20000, 1033)
    check(2, 2000, 5001)
    check(3, 4000, 749)
    check(4, 2000, 1240)
    exit wrong
}
END_OF_AWK
    python=$(python3 -c 'import sys; print(sys.executable)')
    for backend in $BACKENDS; do
        rm -f ./*.heap
        ZMALLOC_SAMPLE=8K,file=%n.heap,signal=USR2 zmalloc run -b "$backend" -- "$python" -S -E hold.py
        zmalloc profile --folded folded 1.heap >/dev/null
        awk '{ print $NF }' folded | sort -rn | head -n 4 >largest
        cat largest
        awk -f check.awk largest
    done
}

@test "its end is the command's" {
    run -3 zmalloc profile -- "$PROFILE_PROGRAM" 3
    run --separate-stderr -134 zmalloc profile -- "$PROFILE_PROGRAM" die
    [ "$stderr" = "zmalloc profile: $PROFILE_PROGRAM left no profile: it ended by signal 6 before it could write one" ]
    run --separate-stderr -127 zmalloc profile -- ./nothing
    [[ ${stderr_lines[0]} = 'zmalloc profile: '*nothing* ]]
    ZMALLOC_BACKEND=nonsense run --separate-stderr -1 zmalloc profile -- "$PROFILE_PROGRAM"
    [[ $stderr = 'zmalloc: ZMALLOC_BACKEND="nonsense"'* ]]
    [ -z "$(ls temporary)" ]
}

@test "a program that knows nothing of zmalloc, and those that it starts" {
    [ -n "$PRELOAD" ] || skip "there is no preload library"
    skip_without sort
    seq 1 50000 >numbers
    run -0 zmalloc profile --total -i 64k -- sort numbers -o sorted
    [[ ${lines[0]} = 'sort: '*' allocated in all in '* ]]
    run -0 zmalloc profile --total -i 64k -- sh -c 'sort numbers -o sorted; exit 0'
    [[ ${lines[0]} = 'sh, its process '* ]]
    run -0 zmalloc profile --total -i 64k -- env bash -c 'sort numbers -o sorted; exit 0'
    [[ ${lines[0]} = 'env, its process '*', the largest of 2: '* ]]
}
