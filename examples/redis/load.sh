#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# A server from its start to its end, and a load on it, as one program that ends by itself: what
# `zmalloc compare` can run on each backend.
#
# --help says how it is called.
chosen=${ZMALLOC_BACKEND:-libc} stats=${ZMALLOC_STATS:-}
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"

requests=200000

usage() {
    cat <<END
usage: examples/redis/load.sh [--requests N]

Starts Redis on zmalloc with the backend that ZMALLOC_BACKEND names, has redis-benchmark send N
requests of each kind (200,000 if not said; SET, GET, LPUSH, HSET, SADD and ZADD over 100,000 keys, 16
at a time), and ends it. To compare backends:

    build/tools/zmalloc compare -- examples/redis/load.sh
END
}

take_requests() {
    need_number --requests "$1" 1 999999999
    requests=$1
}

read_arguments '' 'requests' "$@"

need_built "$chosen"
make_work
# The server alone is to report: its memory is looked at.
ZMALLOC_STATS=$stats
export ZMALLOC_STATS
start server "$chosen"
unset ZMALLOC_STATS
"$tools/redis-benchmark" -h 127.0.0.1 -p "$(cat "$work/server/port")" -q -P 16 -r 100000 -d 64 \
    -n "$requests" -t set,get,lpush,hset,sadd,zadd
stop server
