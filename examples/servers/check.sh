#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# One test of Meson's suites redis and valkey. Without a source package the status is 77, which Meson
# calls skipped.
#
# usage: check.sh SERVER build | BACKEND | defrag BACKEND | memory BACKEND... | bench
set -eu

here=$(dirname "$0")
server=$1 wanted=$2
shift 2

skip() {
    echo "skipped: $*"
    exit 77
}

for tool in apt-get dpkg-source dpkg-buildflags flock make meson ninja pkg-config python3 tclsh; do
    command -v $tool >/dev/null || skip "there is no $tool"
done

# run SCRIPT ARGUMENT...
run() {
    name=$1
    shift
    "$here/$name.sh" "$server" "$@"
}

# shellcheck source=examples/valkey/server.sh
. "$here/../$server/server.sh"

# Valkey is optimized when it is linked, if nobody says otherwise, which takes longer than all of these
# tests.
export OPTIMIZATION=-O2

# Does nothing where all is built. Its last line says why there is no source package.
status=0
# shellcheck disable=SC2086
run build --no-setup $checked 2>&1 || status=$?
[ $status -ne 77 ] || skip 'no source package'
[ $status -eq 0 ] || exit $status

case $wanted in
build) ;;
memory) run dataset --keys 10000 "$@" ;;
bench) run bench --quick libc ;;
defrag)
    # A short load as well, with more threads than one that allocate.
    ZMALLOC_BACKEND=$1 run load --requests 20000
    run defrag --keys 50000 "$1"
    ;;
*)
    memory=$(run run "$wanted")
    printf '%s\n' "$memory" | grep "^mem_allocator:$wanted-"
    run forks --seconds 1 "$wanted"
    run limit "$wanted"
    # Two units on two builds, should they hang, end before Meson's time is up.
    run test --limit 200 --unit unit/type/hash --unit integration/rdb "$wanted"
    ;;
esac
