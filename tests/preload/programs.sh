#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Real programs with libzmalloc-preload.so, over each backend: each has to print what it prints without,
# byte for byte, and to end as it does. And zmalloc must have served it: its report at the end says so.
# What is not installed is skipped by name.
#
# Of python's own test files a part is run, or with ZMALLOC_TEST_SCALE above 1 the whole of them. That takes
# minutes for each backend: meson test --suite programs --timeout-multiplier 10.
#
# usage: programs.sh PRELOAD_LIBRARY BACKEND...
set -eu

library=$1
shift
backends=$*
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/zmalloc-programs.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=''

# What differs between two runs by itself.
HOME=$work LC_ALL=C TZ=UTC PYTHONHASHSEED=1 GIT_CONFIG_NOSYSTEM=1
GIT_AUTHOR_NAME=Somebody GIT_AUTHOR_EMAIL=somebody@example.org GIT_AUTHOR_DATE='1700000000 +0000'
GIT_COMMITTER_NAME=Somebody GIT_COMMITTER_EMAIL=somebody@example.org GIT_COMMITTER_DATE='1700000000 +0000'
export HOME LC_ALL TZ PYTHONHASHSEED GIT_CONFIG_NOSYSTEM
export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_DATE
unset LD_PRELOAD ZMALLOC_DEBUG ZMALLOC_FAIL ZMALLOC_LIMIT ZMALLOC_STATS

# in_folder NAME COMMAND...: in an empty folder of its own, with what it printed and its status beside.
in_folder() {
    folder=$1
    shift
    mkdir "$folder"
    status=0
    (cd "$folder" && "$@") >"$folder.out" 2>"$folder.err" </dev/null || status=$?
    echo "$status" >"$folder.status"
}

# complain WORD...
complain() {
    echo "$*"
    failed=yes
}

# show_details FOLDER: what a program said that is not compared.
show_details() {
    [ ! -e "$1/details" ] || tail -n 60 "$1/details"
}

# compare NAME BACKEND: with what it did without.
compare() {
    for part in out err status; do
        cmp -s "$1.plain.$part" "$1.$2.$part" || {
            complain "$1 on $2: another $part than without:"
            diff "$1.plain.$part" "$1.$2.$part" | head -n 20
            show_details "$1.$2"
        }
    done
    grep -q "\"backend\":{\"name\":\"$2\"" "$1.$2.stats" 2>/dev/null ||
        complain "$1 on $2: it was not served: $(head -c 300 "$1.$2.stats" 2>/dev/null)"
}

# program NAME NEEDED COMMAND...
program() {
    name=$1 needed=$2
    shift 2
    command -v "$needed" >/dev/null || {
        echo "skipped: $name: there is no $needed"
        return 0
    }
    in_folder "$name.plain" "$@"
    [ "$(cat "$name.plain.status")" = 0 ] || {
        complain "$name: ends with $(cat "$name.plain.status") without zmalloc: $(tail -n 3 "$name.plain.err")"
        show_details "$name.plain"
    }
    for backend in $backends; do
        in_folder "$name.$backend" env LD_PRELOAD="$library" ZMALLOC_BACKEND="$backend" \
            ZMALLOC_STATS="json:$work/$name.$backend.stats" "$@"
        compare "$name" "$backend"
    done
    echo "$name: compared"
}

# ---- The programs ----

seq 1 60000 | awk '{ print ($1 * 7919) % 60013, "line", $1 }' >lines

python=$(command -v /usr/bin/python3 || command -v python3 || echo python3)
program python "$python" "$python" -E "$here/programs/work.py"
form=$(awk -v scale="${ZMALLOC_TEST_SCALE:-1}" 'BEGIN { print (scale > 1) ? "whole" : "short" }')
if "$python" -E -c 'import test.test_json' 2>/dev/null; then
    program python-tests "$python" "$python" -E "$here/programs/own_tests.py" "$form"
else
    echo "skipped: python-tests: $python has no test.test_json (Debian: libpython3.11-testsuite)"
fi
# shellcheck disable=SC2016
program perl perl perl -e 'my %h; $h{$_ % 1000} .= $_ for 1..100000; print join(",", map {length $h{$_}} sort keys %h), "\n"'
program gcc gcc gcc -O2 -S -o - "$here/test_processes.c" -I"$here"
program g++ g++ g++ -std=c++17 -O1 -S -o - "$here/programs/work.cpp"
program git git sh -c 'git init -q . && seq 1 2000 >file && git add . && git commit -qm one &&
    seq 1 3000 >file && git commit -qam two && git gc -q && git clone -q . copy && git -C copy log -p | sha1sum'
program sqlite3 sqlite3 sqlite3 :memory: 'create table t(a integer primary key, b text);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000)
    insert into t select i, hex(i * 7919) from n; create index b on t(b);
    select count(*), max(b), sum(length(b)) from t where b > "3"; select b from t order by b desc limit 20;'
program xz xz xz -T2 -k -c "$work/lines"
program sort sort sort --parallel=2 -S 100K "$work/lines"
program node node node "$here/programs/work.js"
program java java java -XX:+UseSerialGC -Xshare:auto -version
# shellcheck disable=SC2016
program bash bash bash -c 'declare -A a; for i in {1..20000}; do a[$((i % 97))]+=$i; done; for k in "${!a[@]}"; do echo "$k ${#a[$k]}"; done | sort -n'
program redis redis-check-rdb "$here/programs/redis.sh"
if command -v g++ >/dev/null; then
    g++ -std=c++17 -O1 -pthread "$here/programs/work.cpp" -o work
    program c++ g++ "$work/work"
fi

[ -z "$failed" ]
