#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Has SERVER defragment its memory while it runs. Each server gets the same keys, with values of several
# sizes; three quarters of them go, which leaves holes everywhere; then activedefrag is set, until
# hardly anything more is moved. Ends with a table.
#
# usage: examples/SERVER/defrag.sh [--keys N] [--seconds N] [SUBJECT...]
#
#   SUBJECT       a backend of zmalloc, or SERVER as it is: BUILDS
#                 (build.sh --help); stock and all five backends if not said
#   --keys N      before they go; 200000 if not said
#   --seconds N   to wait for the end of it; 60 if not said
#
# The exit status is 1 if the remaining keys do not have the values that they had, on all servers the
# same; if on jemalloc less than half of the fragmentation goes; or if on another allocator, which
# cannot say how full its pages are, anything was moved.

# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=data.sh disable=SC1091
. "$here/data.sh"

keys=200000 seconds=60
take_arguments '--keys=1000..99999999 --seconds=1..999999999 SUBJECT...' "$@"
: "${subjects:=stock $backends}"
# shellcheck disable=SC2086
need_built $subjects
make_work "$server-$script"

failed() {
    echo "FAILED: $subject: $*"
    failures=$((failures + 1))
}

# ---- The data ----

# Strings, and one key in twenty with elements that are blocks of their own.
write_sizes() {
    awk -v keys="$1" '
        BEGIN {
            filler = sprintf("%1000s", "")
            gsub(/ /, "v", filler)
            kinds = split("30 60 100 150 220 330 480 700 1000", sizes)
            for (key = 0; key < keys; key++) {
                value = key substr(filler, 1, sizes[1 + key % kinds])
                if (key % 20)
                    printf "SET key:%d %s\r\n", key, value
                else if (key % 60 == 0)
                    printf "HSET key:%d one %s two %s\r\n", key, value, key
                else if (key % 60 == 20)
                    printf "RPUSH key:%d %s %s\r\n", key, value, key
                else
                    printf "ZADD key:%d 1 %s 2 %s\r\n", key, value, key
            }
        }'
}

write_holes() {
    awk -v keys="$1" '
        BEGIN {
            for (key = 0; key < keys; key++)
                if (key % 4)
                    printf "DEL key:%d\r\n", key
        }'
}

# ---- One server ----

has_looked() {
    [ "$(info "$1" uptime_in_seconds)" -gt "$2" ]
}

# What INFO says is from the server's last look, ten times a second.
await_look() {
    wait_until server has_looked server "$(info server uptime_in_seconds)" || fail "$subject does not answer"
}

# The figures of INFO that are wanted, as NAME=VALUE.
take_figures() {
    wanted='allocator_frag_ratio used_memory active_defrag_[a-z_]* total_active_defrag_time uptime_in_seconds'
    cli server info everything | tr -d '\r' |
        sed -n "s/^\($(echo "$wanted" | sed 's/ /\\|/g')\):/\1=/p" \
            >"$work/$1"
}

# figure WHEN FIELD
figure() {
    sed -n "s/^$2=//p" "$work/$1"
}

mebibytes() {
    figure "$1" used_memory | awk '{ printf "%.1f", $1 / 1048576 }'
}

# Whether the server has come to rest: in three of its seconds hardly any block was moved. It may go on
# looking, if fragmentation stays a little above the threshold.
await_rest() {
    deadline=$(($(date +%s) + seconds)) moved=0 since=$(figure before uptime_in_seconds)
    while [ "$(date +%s)" -lt $deadline ]; do
        take_figures now
        uptime=$(figure now uptime_in_seconds) hits=$(figure now active_defrag_hits)
        if [ $(((hits - moved) * 100)) -gt "$hits" ]; then
            moved=$hits since=$uptime
        elif [ $((uptime - since)) -ge 3 ]; then
            return 0
        fi
        is_running server || fail "$subject has ended: $(why_it_ended server | head -n 1)"
        sleep 0.1
    done
    return 1
}

# Whether at most half of what was above 1 is left.
is_halved() {
    awk "BEGIN { exit !(($(figure after allocator_frag_ratio) - 1) * 2 <= \
        $(figure before allocator_frag_ratio) - 1) }"
}

check_jemalloc() {
    [ "$switched" = OK ] || failed "activedefrag is refused: $switched"
    awk "BEGIN { exit !($(figure before allocator_frag_ratio) >= 1.3) }" ||
        failed 'there were hardly any holes to begin with'
    is_halved || failed 'most of the fragmentation is still there'
    [ "$(figure after active_defrag_hits)" -gt 0 ] || failed 'nothing was moved'
}

check_data() {
    [ "$(cat "$work/digest-after")" = "$(cat "$work/digest-before")" ] ||
        failed 'the values are not what they were'
    [ -f "$work/digest" ] || cp "$work/digest-before" "$work/digest"
    cmp -s "$work/digest" "$work/digest-before" ||
        failed "the values are not those of ${subjects%% *}"
    remaining=$(cli server dbsize)
    [ "$remaining" -eq $(((keys + 3) / 4)) ] || failed "there are $remaining keys"
}

show() {
    printf '%-12s %-16s %8.2f %8.2f %8s %9d %9.1f %9.1f  %s\n' "$subject" \
        "$(info server mem_allocator)" "$(figure before allocator_frag_ratio)" \
        "$(figure after allocator_frag_ratio)" \
        "$(figure after total_active_defrag_time | awk '{ printf "%.1f", $1 / 1000 }')" \
        "$(figure after active_defrag_hits)" "$(mebibytes before)" "$(mebibytes after)" "$note"
}

defragment() {
    start server "$subject" --activedefrag no --active-defrag-ignore-bytes 1mb \
        --active-defrag-threshold-lower 5 --active-defrag-cycle-min 25 --active-defrag-cycle-max 75
    give server write_sizes "$keys"
    give server write_holes "$keys"
    cli server debug digest >"$work/digest-before"
    await_look
    take_figures before
    switched=$(cli server config set activedefrag yes | tr -d '\r')
    note=''
    [ "$switched" = OK ] || note='refused'
    await_rest || note="still at it after $seconds s"
    await_look
    take_figures after
    cli server debug digest >"$work/digest-after"
    show
    check_data
    expected=$(info server mem_allocator)
    ! refuses_defragmentation "$subject" || expected=refused
    case $expected in
    refused) [ "$note" = refused ] || failed 'activedefrag is not refused' ;;
    jemalloc*) check_jemalloc ;;
    *) [ "$(figure after active_defrag_hits)" -eq 0 ] || failed 'blocks were moved' ;;
    esac
    stop server || failed "it ended with status $?"
}

echo "$keys keys, three quarters of them deleted; memory used in MiB"
printf '%-12s %-16s %8s %8s %8s %9s %9s %9s\n' SUBJECT ALLOCATOR FRAG THEN SECONDS MOVED USED THEN
for subject in $subjects; do
    defragment
    rm -rf "$work/server"
done
conclude
echo "every value is what it was on: ${subjects# }"
