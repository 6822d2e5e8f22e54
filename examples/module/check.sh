#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Loads the module into a server that exports a zmalloc() of its own, and checks what it does. Without
# a server, or what builds the module, the exit status is 77, which Meson calls skipped.
#
# usage: examples/module/check.sh [server] [libc] [native] [jemalloc] [tcmalloc] [mimalloc]
#
#   server   what does not depend on the backend
#
# Without arguments it checks everything. See build.sh for what is used.

# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=server.sh disable=SC1091
. "$here/server.sh"

take_word() {
    # shellcheck disable=SC2086
    need_known check "$1" $checks
    chosen="$chosen $1"
}

checks='server libc native jemalloc tcmalloc mimalloc' chosen=''
take_arguments "$checks" "$@"

packages=''
[ -n "${SERVER_SOURCE:-}" ] || packages='apt-get dpkg-source'
for tool in $packages flock nm pkg-config; do
    command -v "$tool" >/dev/null || {
        echo "skipped: there is no $tool"
        exit 77
    }
done
"$here/build.sh" || exit $?
make_work module
module=$build/phrases.so

# ---- Who calls whom ----

names_of() {
    nm -D "$@" | sed -n 's/.* \([A-Za-z_][A-Za-z0-9_]*\).*$/\1/p' | sort -u
}

# The symbol of the server's zmalloc(): in Valkey that is valkey_malloc.
own_zmalloc() {
    names_of --undefined-only "$build/control.so" | grep -x 'zmalloc\|valkey_malloc'
}

server_exports_zmalloc() {
    names_of --defined-only "$build/server/server" >"$work/exported"
    grep -x "$(own_zmalloc)" "$work/exported" && grep -x zmalloc_used_memory "$work/exported"
}

header_is_told() {
    # shellcheck disable=SC2046,SC2086
    ! ${CC:-cc} -fsyntax-only -I "$(cat "$build/server/source")/src" \
        $(pkg-config --cflags zmalloc) "$here/phrases.c" 2>"$work/told" &&
        grep "error: .*this zmalloc.h is the server's" "$work/told"
}

# The names that the module wants from elsewhere: zmalloc's, and none that the server has. The server has
# copies of some variables of the C library.
wants_only_zmalloc() {
    names_of --undefined-only "$module" >"$work/wanted"
    grep -x -e zml_ztrymalloc_in "$work/wanted" && grep -x -e zml_zfree_in "$work/wanted" &&
        [ -z "$(comm -12 "$work/exported" "$work/wanted")" ]
}

# bound FILE: "SYMBOL FILE" for each symbol of it that the dynamic linker looked up, but for the C
# library's, of whose variables the server may have a copy.
bound() {
    sed -n "/GLIBC_/d; s|.*binding file [^ ]*$1[^ ]* \[0\] to \([^ ]*\) \[0\]: normal symbol \`\([^']*\)'.*|\2 \1|p" \
        "$work/$server"/bindings.*
}

binds_to_the_library() {
    bound phrases.so | grep '^z' | sort -u | tee "$work/bound"
    grep -q '^zml_zfree_in ' "$work/bound" && ! grep -v ' .*/libzmalloc\.so\.1$' "$work/bound"
}

library_leaves_the_server() {
    grep -c 'binding file [^ ]*/libzmalloc' "$work/$server"/bindings.* &&
        ! bound zmalloc | grep " $build/server/server\$"
}

control_gets_the_servers() {
    says '^ERR Error loading' module load "$build/control.so" &&
        bound control.so | grep -x "$(own_zmalloc) $build/server/server"
}

# ---- The commands ----

# lines WORD...: that the last answer is these lines.
lines() {
    printf '%s\n' "$@" | diff - "$work/answer"
}

answers_as_documented() {
    says '^1$' phrases.add k 'tea pot' &&
        says '^3$' phrases.add k 'tea cup' 3 &&
        says '^5$' phrases.add k 'tea cup' 2 &&
        says '^2$' phrases.add k tea 2 &&
        says '^9$' phrases.add k coffee 9 &&
        says '^1$' phrases.add k '' &&
        says . phrases.complete k te && lines 'tea cup' 5 tea 2 'tea pot' 1 &&
        says . phrases.complete k tea 2 && lines 'tea cup' 5 tea 2 &&
        says . phrases.complete k '' 1 && lines coffee 9 &&
        says '^$' phrases.complete k teal &&
        says '^$' phrases.complete nothing te &&
        says '^5$' phrases.count k &&
        says '^1$' phrases.remove k 'tea cup' &&
        says '^0$' phrases.remove k 'tea cup' &&
        says . phrases.complete k te && lines tea 2 'tea pot' 1
}

refuses_nonsense() {
    says "^ERR count 'x': not a number from 1 to 9223372036854775807" phrases.add k tea x &&
        says "^ERR count '0'" phrases.add k tea 0 &&
        says "^ERR count '9223372036854775807': the phrase would have more" \
            phrases.add k tea 9223372036854775807 &&
        says "^ERR most '101': not a number from 1 to 100" phrases.complete k tea 101 &&
        says '^ERR wrong number' phrases.add k &&
        says OK set text tea && says '^WRONGTYPE' phrases.add text tea &&
        says '^1$' del text && says '^4$' phrases.count k
}

empty_keys_go() {
    for phrase in '' coffee tea 'tea pot'; do
        says '^1$' phrases.remove k "$phrase" || return 1
    done
    says '^0$' exists k && [ "$(memory phrases)" -eq 0 ]
}

refuses_arguments() {
    says '^ERR Error loading' module load "$module" limit none &&
        grep "<phrases> limit 'none': not a number of bytes from 1 on" "$work/$server/log" &&
        says '^ERR Error loading' module load "$module" size 1 &&
        grep "<phrases> 'size': the only argument there is, is limit BYTES" "$work/$server/log"
}

# ---- Memory ----

# phrase NUMBER: of about a hundred bytes.
phrase() {
    printf 'a phrase of about a hundred bytes with the number %050d' "$1"
}

# add_many KEY COUNT: fails if one was not added.
add_many() {
    awk -v key="$1" -v count="$2" -v format="$(phrase 0 | sed 's/0*$/%050d/')" 'BEGIN {
        for (i = 0; i < count; i++)
            printf "phrases.add %s \"" format "\" %d\n", key, i, 1 + i % 7
    }' | ask >"$work/added"
    ! grep -v -x '[1-7]' "$work/added" | grep .
}

# The module's memory is the zone's, which is all that zmalloc has in this process, and not the server's.
counts_by_itself() {
    before=$(info "$server" used_memory)
    add_many many 10000 || return 1
    in_server=$(($(info "$server" used_memory) - before)) in_zone=$(memory phrases)
    key=$(ask memory usage many)
    echo "server $in_server, zone $in_zone, key $key, process $(memory process)"
    [ "$in_zone" -gt 1000000 ] && [ "$in_server" -lt $((in_zone / 10)) ] &&
        [ "$(memory process)" -eq "$in_zone" ] && [ "$(memory phrases-peak)" -ge "$in_zone" ] &&
        [ "$key" -ge "$in_zone" ] && [ "$key" -lt $((in_zone + 1000)) ]
}

digest() {
    ask debug digest
}

survives() {
    before=$(digest)
    [ "$before" != 0000000000000000000000000000000000000000 ] && "$@" && digest_is "$before"
}

rewrites() {
    says . bgrewriteaof && wait_until "$server" info_is aof_rewrite_in_progress 0 &&
        [ "$(info "$server" aof_last_bgrewrite_status)" = ok ] && says OK debug loadaof
}

# By the way of dump and restore, and by that of copy.
copies() {
    says OK eval "return redis.call('RESTORE', KEYS[2], 0, redis.call('DUMP', KEYS[1]))" 2 many again &&
        says '^1$' copy many copied &&
        [ "$(ask debug digest-value many again copied | sort -u | wc -l)" -eq 1 ]
}

# The keys are large enough for the server to free them in a thread of its own.
frees_everything() {
    freed=$(info "$server" lazyfreed_objects)
    says '^3$' unlink many again copied &&
        wait_until "$server" info_is lazyfreed_objects $((freed + 3)) &&
        [ "$(memory phrases)" -eq 0 ] && [ "$(memory process)" -eq 0 ]
}

stays_loaded() {
    says "the module exports one or more module-side data types, can't unload" \
        module unload phrases && says '^0$' phrases.count k
}

# ---- With a limit ----

limit=1000000

fills_up() {
    ! add_many many 10000 &&
        grep -q -x "OOM no memory for the phrase: phrases have [0-9]* bytes, their limit is $limit" \
            "$work/added" &&
        [ "$(memory phrases)" -le $limit ] && [ "$(memory phrases)" -gt $((limit / 2)) ]
}

refused() {
    used=$(memory phrases)
    says "$@" && [ "$(memory phrases)" -eq "$used" ]
}

refuses_beyond() {
    long=$(printf '%0100000d' 0)
    survives refused '^OOM' phrases.add many "$long" &&
        survives refused '^OOM' phrases.add other "$long" &&
        survives refused 'Bad data format' \
            eval "return redis.call('RESTORE', KEYS[2], 0, redis.call('DUMP', KEYS[1]))" 2 many again &&
        survives refused 'failed to copy' copy many copied && says '^0$' exists other again copied
}

goes_on() {
    for number in 1000 2000 3000; do
        says '^1$' phrases.remove many "$(phrase "$number")" || return 1
    done
    says '^1$' phrases.add other short && says '^1$' phrases.remove other short
}

digest_is() {
    [ "$(digest)" = "$1" ]
}

# With a lower limit than its master it must not lose what that has accepted.
replica_follows() {
    server=replica
    wait_until replica info_is master_link_status up || return 1
    server=limited
    says '^1$' phrases.add other short || return 1
    followed=$(digest)
    server=replica
    wait_until replica digest_is "$followed" && memory_is phrases-limit 1000 &&
        stop replica || return 1
    server=limited
    says '^1$' phrases.remove other short
}

# What was accepted before is loaded, and what comes now is refused.
loads_beyond() {
    memory_is phrases-limit 1000 && [ "$(memory phrases)" -gt 100000 ] &&
        digest_is "$saved" && refused '^OOM' phrases.add other short
}

# ---- A backend that there is not ----

# The library ends the process that loads it, as it would before main. So it is better found at the start
# of a server than at MODULE LOAD.
wrong_backend_ends_it() {
    mkdir -p "$work/wrong"
    echo 1 >"$work/wrong/port"
    servers="$servers wrong"
    launch wrong --loadmodule "$module"
    status=0
    await_end wrong || status=$?
    echo "status $status"
    grep 'zmalloc: ZMALLOC_BACKEND="nosuch": "nosuch": unknown backend; available: libc' \
        "$work/wrong/stderr" && [ $status -eq 78 ]
}

# ---- All of it, for a backend ----

# Whether the library can be opened late as it is. With a jemalloc in it that has early TLS, glibc has to
# keep more, whatever the backend.
opens_late() {
    if says OK module load "$module"; then
        tunable=''
    else
        tunable=glibc.rtld.optional_static_tls=4096
        grep 'libzmalloc.*: cannot allocate memory in static TLS block' "$work/plain/log"
    fi && stop plain
}

check_backend() {
    subject=$1
    rm -rf "$work/usual" "$work/limited" "$work/replica"
    start_and_ask usual --appendonly yes --aof-use-rdb-preamble no
    check 'wrong arguments are refused' refuses_arguments
    check 'the module is loaded' says OK module load "$module"
    check 'it has the backend that the environment names' memory_is backend "$subject"
    check 'its zmalloc is that of libzmalloc' binds_to_the_library
    check 'libzmalloc takes nothing of the server' library_leaves_the_server
    check 'a plain zmalloc() would be that of the server' control_gets_the_servers
    check 'the commands answer' answers_as_documented
    check 'nonsense is refused' refuses_nonsense
    check 'a key that becomes empty goes' empty_keys_go
    check 'the memory is the zone'"'"'s, not the server'"'"'s' counts_by_itself
    check 'it is saved and loaded' survives says OK debug reload
    check 'a child rewrites the log of commands' survives rewrites
    check 'it is copied' copies
    check 'a thread of the server frees it, to the last byte' frees_everything
    check 'it cannot be unloaded' stays_loaded
    check 'the server ends as it should' stop usual

    start_and_ask limited --loadmodule "$module" limit $limit --repl-diskless-sync-delay 0
    check 'at the limit nothing more is added' fills_up
    check 'what is refused changes nothing' refuses_beyond
    check 'and the rest goes on' goes_on
    start replica --loadmodule "$module" limit 1000 --replicaof 127.0.0.1 "$(cat "$work/limited/port")"
    check 'a replica with a lower limit follows' replica_follows
    server=limited
    saved=$(digest)
    check 'it is saved' says OK save
    check 'the server ends as it should' stop limited
    start_and_ask limited --loadmodule "$module" limit 1000
    check 'a lower limit loses nothing' loads_beyond
    check 'the server ends as it should' stop limited
}

check_server() {
    subject=server
    check 'it exports a zmalloc of its own' server_exports_zmalloc
    check 'the module asks for zml_ functions, and none that the server has' wants_only_zmalloc
    check 'a module that takes its zmalloc.h by mistake is told' header_is_told
    subject=nosuch
    check 'a backend that there is not ends the server' wrong_backend_ends_it
}

head -n 1 "$build/version"
subject=libc
start_and_ask plain
check 'the library is opened late, or glibc says that it needs a tunable' opens_late
echo "GLIBC_TUNABLES=$tunable"
for name in ${chosen:-$checks}; do
    case $name in
    server) check_server ;;
    *) check_backend "$name" ;;
    esac
done
conclude
