#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The table that the entry points jump through may be written before the choice, not after.
#
# usage: sealed.sh CHOSEN LIBRARY NM
set -eu

offset=$("$3" "$2" | awk '$3 == "table" { print $1 }')
if [ -z "$offset" ]; then
    echo "skipped: the library is stripped"
    exit 77
fi
unset ZMALLOC_BACKEND ZMALLOC_STATS ZMALLOC_DEBUG ZMALLOC_FAIL ZMALLOC_LIMIT
chosen=$1

# Meson sets the wrapper where the program is for another machine.
run() {
    sh -c "${MESON_EXE_WRAPPER:-} "'"$@"' sh "$chosen" "$@"
}

[ "$(run protection "$offset" alloc protection "$offset")" = "rw-p
r--p" ]
[ "$(ZMALLOC_BACKEND=libc run protection "$offset")" = r--p ]
[ "$(run init libc protection "$offset")" = "0
r--p" ]
