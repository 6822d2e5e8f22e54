#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# A Redis server under load, with a snapshot by a forked child: what it holds afterwards, which is the
# same in every run. The program is Debian's redis-check-rdb, which is the server under another name.
set -eu

ln -s "$(command -v redis-check-rdb)" redis-server
./redis-server --port 0 --unixsocket "$PWD/socket" --save '' --dir "$PWD" --daemonize no --enable-debug-command local >server.log 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT

ask() {
    LD_PRELOAD='' redis-cli -s socket "$@"
}

# Ends when the server answers, or when it is gone.
until [ "$(ask ping 2>/dev/null)" = PONG ]; do
    kill -0 "$server" 2>/dev/null || {
        cat server.log
        exit 1
    }
    sleep 0.05
done
for list in 1 2 3; do
    seq 1 3000 | sed "s/.*/RPUSH list$list element:&/"
done | ask >pushed
tail -n 1 pushed
seq 1 5000 | awk '{ print "SET key:" $1, sprintf("%0" ($1 % 300 + 1) "d", $1) }' | ask | sort | uniq -c
LD_PRELOAD='' redis-benchmark -s socket -q -n 5000 -r 1 -t set,incr,lpush,hset >/dev/null
ask bgsave
until ask info persistence | grep -q '^rdb_bgsave_in_progress:0'; do
    kill -0 "$server"
done
ask info persistence | tr -d '\r' | grep '^rdb_last_bgsave_status'
ask dbsize
ask debug digest
ask shutdown nosave
wait "$server"
