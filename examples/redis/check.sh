#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# One test of Meson's suite redis. Without a source package the status is 77, which Meson calls skipped.
#
# usage: check.sh build | BACKEND | memory BACKEND... | bench
set -eu

here=$(dirname "$0")

skip() {
    echo "skipped: $*"
    exit 77
}

for tool in apt-get dpkg-source dpkg-buildflags flock make meson ninja pkg-config python3 tclsh; do
    command -v $tool >/dev/null || skip "there is no $tool"
done

# Does nothing where all is built. Its last line says why there is no source package.
status=0
"$here/build.sh" --no-setup 2>&1 || status=$?
[ $status -ne 77 ] || skip 'no source package'
[ $status -eq 0 ] || exit $status

case $1 in
build) ;;
memory)
    shift
    "$here/dataset.sh" --keys 10000 "$@"
    ;;
bench) "$here/bench.sh" --quick libc ;;
*)
    memory=$("$here/run.sh" "$1")
    printf '%s\n' "$memory" | grep "^mem_allocator:$1-"
    "$here/forks.sh" --seconds 1 "$1"
    "$here/limit.sh" "$1"
    # Two units on two builds, should they hang, end before Meson's time is up.
    "$here/test.sh" --limit 200 --unit unit/type/hash --unit integration/rdb "$1"
    ;;
esac
