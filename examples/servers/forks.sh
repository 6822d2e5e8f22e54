#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Has SERVER do under load what it does in a forked child: a replica's first synchronisation, BGSAVE,
# BGREWRITEAOF; then end, save, and load. And tries the commands that ask the allocator. One line a
# check; the exit status is 1 if one has failed.
#
# usage: examples/SERVER/forks.sh [--seconds N] [SUBJECT...]
#
#   SUBJECT        a backend of zmalloc, or SERVER as it is: BUILDS
#                  (build.sh --help); all five backends if not said
#   --seconds N    of load between the forks; 5 if not said

# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"

seconds=5
take_arguments '--seconds=1..999999999 SUBJECT...' "$@"
: "${subjects:=$backends}"
# shellcheck disable=SC2086
need_built $subjects
make_work "$server-$script"

# field NAME FIELD VALUE: whether INFO has it so.
field() {
    found=$(info "$1" "$2")
    echo "$2 is $found, not $3"
    [ "$found" = "$3" ]
}

# ---- Load ----
# A client in the background, until it is told to end.

load() {
    "$tools/$server-benchmark" -h 127.0.0.1 -p "$(cat "$work/primary/port")" -t \
        set,lpush,rpop,sadd,hset,zadd -n 20000 -r 20000 -d 100 -c 20 -P 4 -q -l \
        >/dev/null 2>&1 &
    helper=$!
}

# has_processed NAME COUNT
has_processed() {
    processed=$(info "$1" total_commands_processed)
    echo "$processed commands, $2 are awaited"
    [ "$processed" -ge "$2" ]
}

# Whether the server serves more, and more than those that ask.
is_under_load() {
    wait_until "$1" has_processed "$1" $(($(info "$1" total_commands_processed) + 10000))
}

# ---- In a child ----

# A replica may be synchronised before the child that sent the data has ended.
child_saves() {
    wait_until primary field primary rdb_bgsave_in_progress 0 &&
        answer '^Background saving started' primary bgsave &&
        wait_until primary field primary rdb_bgsave_in_progress 0 &&
        field primary rdb_last_bgsave_status ok &&
        "$tools/$server-check-rdb" "$work/primary/dump.rdb"
}

# valkey-check-aof of 9.1 does not take a base that begins with VALKEY, as the server writes it, for what
# it is; its parts can be checked one by one.
append_only_file_is_whole() {
    manifest=$1/appendonly.aof.manifest
    base=$1/$(file_of_type b) last=$1/$(file_of_type i | tail -n 1)
    if [ "$(head -c 6 "$base")" = VALKEY ]; then
        "$tools/$server-check-rdb" "$base" && "$tools/$server-check-aof" "$last"
    else
        "$tools/$server-check-aof" "$manifest"
    fi
}

# file_of_type LETTER: of the files that are listed in the manifest; others may be about to go.
file_of_type() {
    sed -n "s/^file \([^ ]*\) .* type $1\( .*\)\{0,1\}$/\1/p" "$manifest"
}

child_rewrites() {
    answer '^Background append only file rewriting started' primary bgrewriteaof &&
        wait_until primary field primary aof_rewrite_in_progress 0 &&
        field primary aof_last_bgrewrite_status ok &&
        append_only_file_is_whole "$work/primary/appendonlydir"
}

replica_has_all() {
    [ "$(info primary master_repl_offset)" = "$(info replica slave_repl_offset)" ]
}

digest() {
    cli "$1" debug digest
}

same_digest() {
    ours=$(digest primary) theirs=$(digest "$1")
    echo "the digest of primary is $ours, of $1 $theirs"
    [ "${#ours}" -eq 40 ] && [ "$ours" = "$theirs" ]
}

forks_under_load() {
    load
    check 'the server is under load' is_under_load primary
    start replica "$subject" --replicaof 127.0.0.1 "$(cat "$work/primary/port")"
    check 'a replica synchronises with it' \
        wait_until replica field replica master_link_status up
    check 'BGSAVE under load' child_saves
    check 'BGREWRITEAOF under load' child_rewrites
    check 'MEMORY PURGE under load' answer '^OK' primary memory purge
    sleep "$seconds"
    check 'BGSAVE under load, once more' child_saves
    check 'BGREWRITEAOF under load, once more' child_rewrites
    check 'the server is still under load' is_under_load primary
    end_helper
    check 'the replica has got all' wait_until replica replica_has_all replica
    check 'it has the same data' same_digest replica
}

# ---- Ends, saves, loads ----

# shut_down NAME WORD...: whether the server ends by itself, with status 0.
shut_down() {
    name=$1
    shift
    cli "$name" shutdown "$@"
    status=0
    await_end "$name" || status=$?
    tail -n 1 "$work/$name/log"
    [ "$status" -eq 0 ]
}

# A server of the same data with the file it saved alone: dump.rdb, or the append-only file.
start_copy() {
    mkdir "$work/copy"
    cp -R "$work/primary/$1" "$work/copy"
    shift
    start copy "$subject" "$@"
}

end_copy() {
    check 'the copy ends' stop copy
    rm -rf "$work/copy"
}

ends_and_loads() {
    load
    check 'SHUTDOWN SAVE under load' shut_down primary save
    end_helper
    check 'what it saved is whole' "$tools/$server-check-rdb" "$work/primary/dump.rdb"
    start_copy dump.rdb
    start_primary
    check 'it loads its append-only file, and a copy of it dump.rdb: the same data' same_digest copy
    end_copy
    check 'SHUTDOWN NOSAVE' shut_down primary nosave
}

# Its append-only file is rewritten when this script says so, and replicas need not wait for others.
start_primary() {
    start primary "$subject" --appendonly yes --auto-aof-rewrite-percentage 0 \
        --repl-diskless-sync-delay 0
}

# ---- What asks the allocator ----

# The allocator of the subject.
allocator() {
    case $subject in
    stock | stock-system) echo jemalloc ;;
    *) echo "${subject#stock-}" ;;
    esac
}

# A pattern for jemalloc's answer, and one for that of others.
of_jemalloc() {
    if [ "$(allocator)" = jemalloc ]; then
        echo "$1"
    else
        echo "$2"
    fi
}

# A pattern for what the allocator reports of itself.
report() {
    case $(allocator) in
    jemalloc) echo 'jemalloc statistics' ;;
    # Its first line names the allocator.
    tcmalloc | mimalloc) echo "^$(allocator)-" ;;
    *) echo '^Stats not supported for the current allocator' ;;
    esac
}

asks_the_allocator() {
    check "INFO says $(allocator)" answer "^mem_allocator:$(allocator)" primary info memory
    check 'MEMORY PURGE' answer '^OK' primary memory purge
    check 'MEMORY DOCTOR' answer '^\(Hi \)\{0,1\}Sam, ' primary memory doctor
    check 'MEMORY STATS' answer '^allocator.resident' primary memory stats
    check 'MEMORY MALLOC-STATS' answer "$(report)" primary memory malloc-stats
    case $subject in
    stock-libc) no_control='^ERR unknown subcommand' ;;
    *) no_control='^ERR the active allocator, .*, has no such control' ;;
    esac
    check 'DEBUG MALLCTL reads a number' answer "$(of_jemalloc '^4096$' "$no_control")" \
        primary debug mallctl arenas.page
    check 'DEBUG MALLCTL-STR reads text' answer "$(of_jemalloc '^5\.' "$no_control")" \
        primary debug mallctl-str version
    # A write answers what was there before. Only to read this one ends in "Invalid argument", on
    # stock as well: the server halves the size that jemalloc put right when it refused the first.
    before='[01]'
    for value in 0 1 1; do
        check "DEBUG MALLCTL writes $value" answer "$(of_jemalloc "^$before\$" "$no_control")" \
            primary debug mallctl background_thread $value
        before=$value
    done
    case $subject in
    tcmalloc) check 'DEBUG MALLCTL reads a property' answer '^[1-9][0-9]*$' \
        primary debug mallctl generic.heap_size ;;
    esac
    case $subject in
    stock*) ;;
    *) check 'DEBUG MALLCTL of what no allocator has' answer "$no_control" \
        primary debug mallctl no.such ;;
    esac
    ! refuses_defragmentation "$subject" || check 'CONFIG SET activedefrag yes is refused' \
        answer 'Active defragmentation cannot be enabled' primary config set activedefrag yes
    for value in no yes; do
        check "CONFIG SET jemalloc-bg-thread $value" answer '^OK' \
            primary config set jemalloc-bg-thread $value
    done
}

for subject in $subjects; do
    start_primary
    asks_the_allocator
    forks_under_load
    check 'the replica ends' stop replica
    ends_and_loads
    rm -rf "$work/primary" "$work/replica"
done
conclude
