#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Starts SERVER on zmalloc with the backend that ZMALLOC_BACKEND names, puts a load on it with
# SERVER-benchmark, and ends it: one program, which `zmalloc compare` can run on each backend.
#
# usage: examples/SERVER/load.sh [--requests N]
#        build/tools/zmalloc compare --preload=never -- examples/SERVER/load.sh
#
#   --requests N   of each kind: SET, GET, LPUSH, HSET, SADD and ZADD over 100,000 keys, 16 at a time;
#                  200000 if not said

chosen=${ZMALLOC_BACKEND:-libc} stats=${ZMALLOC_STATS:-}
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"

requests=200000
take_arguments '--requests=1..999999999' "$@"

need_built "$chosen"
make_work "$server-$script"
# The server alone is to report: its memory is looked at.
ZMALLOC_STATS=$stats
export ZMALLOC_STATS
start server "$chosen"
unset ZMALLOC_STATS
"$tools/$server-benchmark" -h 127.0.0.1 -p "$(cat "$work/server/port")" -q -P 16 -r 100000 -d 64 \
    -n "$requests" -t set,get,lpush,hset,sadd,zadd
stop server
