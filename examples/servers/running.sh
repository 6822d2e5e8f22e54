# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
#
# Servers that a script starts, and checks of them. A server is known by the name of its folder in $work,
# which holds port, pid, log and stderr. Who sources this has two functions of its own:
#
#   launch NAME [WORD...]     starts it in the background, on the port of its file, and writes pid
#   cli NAME WORD...          asks it
#
# $subject is what runs, for the lines of checks.

servers='' subject=''

# What else runs in the background, by its process id: load, or the server's own tests. One at a time.
helper=''

# make_work LABEL: a folder of this run, which goes with it, as its servers do.
make_work() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/zmalloc-$1.XXXXXX")
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

# The first of these lines is why a server ended: a line of zmalloc, or the last of its log.
why_it_ended() {
    cat "$work/$1/stderr"
    tail -n 1 "$work/$1/log"
}

# The processes of parallel runs begin with different ports.
next_port=$((21000 + $$ % 100 * 50))

# start NAME [WORD...]: launches it on the next port that no other has, and returns when it is ready. If it does
# not start, its status and what it said are the script's.
start() {
    name=$1
    mkdir -p "$work/$name"
    servers="$servers $name"
    while :; do
        next_port=$((next_port + 1))
        echo $next_port >"$work/$name/port"
        launch "$@"
        if wait_until "$name" answers "$name"; then
            return
        fi
        ! is_running "$name" || fail "$name does not answer"
        status=0
        wait "$(cat "$work/$name/pid")" || status=$?
        grep -q 'Address already in use' "$work/$name/log" || break
    done
    why_it_ended "$name" | head -n 1 >&2
    forget_server "$name"
    exit "$status"
}

# wait_until NAME CONDITION [WORD...]: for a minute, and no longer than the server runs.
wait_until() {
    awaited=$1 tries=0
    shift
    until "$@"; do
        tries=$((tries + 1))
        if [ $tries -gt 600 ] || ! is_running "$awaited"; then
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
    wait_until "$1" has_ended "$1" || true
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
    cli "$@" 2>&1 | tr -d '\r' >"$work/answer"
    head -c 300 "$work/answer"
    grep -q -e "$pattern" "$work/answer"
}

# The last thing that a script of checks does.
conclude() {
    [ $failures -eq 0 ] || {
        echo "$failures failed"
        exit 1
    }
}
