# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
#
# What the scripts of this folder share: where things are, what is run, and servers. Each sources it
# first.
#
# A script's first argument is the server that it is for: the name of a folder of examples that has a
# server.sh, which says what differs. The scripts there, which people call, give it.
#
# What is run is called a subject: a backend of zmalloc (or a list of them, as ZMALLOC_BACKEND takes
# it) is the server on zmalloc with that backend; stock is the server with its own zmalloc.c over
# jemalloc; stock-libc the same over the malloc of the C library.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=scripts/common.sh
. "$root/scripts/common.sh"

server=${1:-}
[ -f "$here/../$server/server.sh" ] ||
    refuse "'$server' is no server; say first one of:" \
        "$(cd "$here/.." && echo */server.sh | sed 's,/server.sh,,g')"
shift
# shellcheck source=examples/valkey/server.sh
. "$here/../$server/server.sh"

# The comments at the heads of these scripts have SERVER for its name, and words for what else differs.
print_help() {
    sed -n -e '1,3d' -e '/^#/!q' -e 's/^# \{0,1\}//' \
        -e "s,\([/-]\)SERVER,\1$server,g; s/SERVER-/$server-/g; s/SERVER/$title/g" \
        -e "s/STOCK/$stock_over/g; s/KNOWN/$known_series/g; s/WITHIN/$used_within/g" -e p "$0"
}

# shellcheck disable=SC2034
backends='libc native jemalloc tcmalloc mimalloc'

# What the caller has set must not decide what is run.
unset GLIBC_TUNABLES LD_LIBRARY_PATH LD_PRELOAD MALLOC_CONF MAKEFLAGS MAKELEVEL
LC_ALL=C
export LC_ALL

build=$(cd "$root" && take_build "build-$server" && echo "$build")

# ---- Subjects ----

subjects=''
take_word() {
    subjects="$subjects $1"
}

# The folder that a subject was built in.
folder_of() {
    case $1 in
    stock | stock-libc) echo "$build/$1" ;;
    *) echo "$build/ours" ;;
    esac
}

# What ZMALLOC_BACKEND has to be for a subject; the stock builds do not look at it.
backend_of() {
    case $1 in
    stock | stock-libc) ;;
    *) echo "$1" ;;
    esac
}

# need_built SUBJECT...: also sets where the tools are from, the same build for all subjects.
need_built() {
    for subject; do
        tools=$(folder_of "$subject")/src
        [ -x "$tools/$server-server" ] ||
            fail "$subject is not built; examples/$server/build.sh builds it"
    done
    [ ! -x "$build/stock/src/$server-cli" ] || tools=$build/stock/src
}

# ---- Servers ----
# A server is known by the name of its folder in $work, which holds port, pid, log and stderr.

servers=''

# What else runs in the background, by its process id: load, or the server's own tests. One at a time.
helper=''

# make_work: a folder of this run, which goes with it, as its servers do.
make_work() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/zmalloc-$server-$script.XXXXXX")
    trap end_all EXIT
    trap 'exit 130' HUP INT TERM
}

end_all() {
    status=$?
    trap - EXIT
    end_helper
    for name in $servers; do
        kill_server "$name"
    done
    rm -rf "$work"
    exit "$status"
}

# At once, and with the group of processes that it may lead: Meson waits for half a second only
# before it ends by force what it knows, which another group is no part of.
end_helper() {
    [ -n "$helper" ] || return 0
    kill -s KILL -- "-$helper" 2>/dev/null || kill -KILL "$helper" 2>/dev/null || true
    wait "$helper" 2>/dev/null || true
    helper=''
}

cli() {
    name=$1
    shift
    "$tools/$server-cli" -h 127.0.0.1 -p "$(cat "$work/$name/port")" "$@"
}

# info NAME FIELD: a field of INFO.
info() {
    cli "$1" info everything | tr -d '\r' | sed -n "s/^$2://p"
}

# answers NAME: whether the server on its port is the one we started, and has loaded its data.
answers() {
    [ "$(info "$1" '\(process_id\|loading\)' 2>/dev/null | tr '\n' ' ')" = \
        "$(cat "$work/$1/pid") 0 " ]
}

is_running() {
    kill -0 "$(cat "$work/$1/pid")" 2>/dev/null
}

# launch NAME SUBJECT [OPTION...]: in the background, on the port of its file. $pin may name the
# command that pins it to a processor.
launch() {
    launched=$work/$1 launched_subject=$2
    shift 2
    # shellcheck disable=SC2086
    ZMALLOC_BACKEND=$(backend_of "$launched_subject") ${pin:-} \
        "$(folder_of "$launched_subject")/src/$server-server" \
        --port "$(cat "$launched/port")" --bind 127.0.0.1 --dir "$launched" --daemonize no \
        --enable-debug-command yes --save '' "$@" \
        >"$launched/log" 2>"$launched/stderr" &
    echo $! >"$launched/pid"
}

# The first of these lines is why a server ended: a line of zmalloc, or the last of its log.
why_it_ended() {
    cat "$work/$1/stderr"
    tail -n 1 "$work/$1/log"
}

# The processes of parallel runs begin with different ports.
next_port=$((21000 + $$ % 100 * 50))

# start NAME SUBJECT [OPTION...]: returns when the server is ready. It takes the next port that no
# other has. Where it does not start, its status and what it said are the script's.
start() {
    name=$1
    mkdir -p "$work/$name"
    servers="$servers $name"
    while :; do
        next_port=$((next_port + 1))
        echo $next_port >"$work/$name/port"
        launch "$@"
        if wait_until answers "$name"; then
            return
        fi
        ! is_running "$name" || fail "$2 does not answer"
        status=0
        wait "$(cat "$work/$name/pid")" || status=$?
        grep -q 'Address already in use' "$work/$name/log" || break
    done
    why_it_ended "$name" | head -n 1 >&2
    forget_server "$name"
    exit "$status"
}

# wait_until CONDITION NAME [WORD...]: for a minute, and no longer than the server runs.
wait_until() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        if [ $tries -gt 600 ] || ! is_running "$2"; then
            return 1
        fi
        sleep 0.1
    done
}

# kill_server NAME: whatever it is doing.
kill_server() {
    pid=$(cat "$work/$1/pid" 2>/dev/null) || return 0
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    forget_server "$1"
}

forget_server() {
    rm -f "$work/$1/pid"
    servers=$(printf ' %s ' "$servers" | sed "s/ $1 / /")
}

has_ended() {
    ! is_running "$1"
}

# await_end NAME: of a server that was told to end. Its status is the server's; where that does not
# end, it is killed and the status is 1.
await_end() {
    wait_until has_ended "$1" || true
    if is_running "$1"; then
        echo "$1 was told to end and still runs; its log: $(tail -n 1 "$work/$1/log")" >&2
        kill_server "$1"
        return 1
    fi
    status=0
    wait "$(cat "$work/$1/pid")" || status=$?
    forget_server "$1"
    return "$status"
}

# stop NAME: as a supervisor does. The status is that of await_end.
stop() {
    kill -TERM "$(cat "$work/$1/pid")" || true
    await_end "$1"
}

# ---- Checks: one line each ----

failures=0

# check WHAT COMMAND...
check() {
    what=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        echo "ok: $subject: $what"
    else
        echo "FAILED: $subject: $what"
        tail -n 10 "$work/output" | cut -c 1-300 | sed 's/^/    /'
        for log in "$work"/*/log; do
            echo "    the end of $(basename "${log%/log}")'s log:"
            tail -n 10 "$log" | sed 's/^/        /'
        done
        failures=$((failures + 1))
    fi
}

# answer PATTERN NAME COMMAND...: whether a server's answer has a line that matches.
answer() {
    pattern=$1
    shift
    cli "$@" | tr -d '\r' >"$work/answer"
    head -c 200 "$work/answer"
    grep -q -e "$pattern" "$work/answer"
}

# The last thing that a script of checks does.
conclude() {
    [ $failures -eq 0 ] || {
        echo "$failures failed"
        exit 1
    }
}
