# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
#
# Servers with the module, and checks of them, for check.sh. A server is known by its folder in $work, which
# has its port, pid, log, and bindings: what the dynamic linker bound. $server is the one that is
# asked; $subject the backend, as ZMALLOC_BACKEND takes it; $tunable what GLIBC_TUNABLES is for it.

server='' subject='' tunable=''
: "${build:=}" # of common.sh

make_work() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/zmalloc-module.XXXXXX")
    trap end_all EXIT
    trap 'exit 130' HUP INT TERM
}

end_all() {
    status=$?
    trap - EXIT
    for pid in "$work"/*/pid; do
        [ ! -f "$pid" ] || kill -KILL "$(cat "$pid")" 2>/dev/null || true
    done
    wait
    rm -rf "$work"
    exit "$status"
}

# ---- Start and end ----

# launch OPTION...: in the background, on the port of its file.
launch() {
    rm -f "$work/$server"/bindings.*
    ZMALLOC_BACKEND=$subject GLIBC_TUNABLES=$tunable LD_DEBUG=bindings \
        LD_DEBUG_OUTPUT="$work/$server/bindings" "$build/server/run" server \
        --port "$(cat "$work/$server/port")" --bind 127.0.0.1 --dir "$work/$server" \
        --daemonize no --set-proc-title no --enable-module-command yes \
        --enable-debug-command yes --save '' "$@" \
        >"$work/$server/log" 2>&1 &
    echo $! >"$work/$server/pid"
}

is_running() {
    kill -0 "$(cat "$work/$server/pid")" 2>/dev/null
}

has_ended() {
    ! is_running
}

# Whether the server on the port is the one that was started, and has loaded its data.
is_ready() {
    info_is process_id "$(cat "$work/$server/pid")" && info_is loading 0
}

# wait_until CONDITION [WORD...]: for a minute, and no longer than the server runs.
wait_until() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        if [ $tries -gt 600 ] || ! is_running; then
            return 1
        fi
        sleep 0.1
    done
}

# The processes of parallel runs begin with different ports.
next_port=$((23000 + $$ % 100 * 50))

# start NAME [OPTION...]: on the next port that no other has. Returns when it is ready.
start() {
    server=$1
    shift
    mkdir -p "$work/$server"
    while :; do
        next_port=$((next_port + 1))
        echo $next_port >"$work/$server/port"
        launch "$@"
        ! wait_until is_ready || return 0
        grep -q 'Address already in use' "$work/$server/log" || break
        wait "$(cat "$work/$server/pid")" || true
    done
    tail -n 5 "$work/$server/log" >&2
    echo "$server does not start" >&2
    return 1
}

# stop NAME: as a supervisor does. The status is the server's.
stop() {
    server=$1
    kill -TERM "$(cat "$work/$server/pid")"
    wait_until has_ended || true
    ! is_running || return 1
    status=0
    wait "$(cat "$work/$server/pid")" || status=$?
    rm "$work/$server/pid"
    return $status
}

# ---- Questions ----

cli() {
    "$build/server/run" cli -h 127.0.0.1 -p "$(cat "$work/$server/port")" "$@"
}

# answer PATTERN COMMAND...: whether an answer has a line that matches; errors are answers, too.
answer() {
    pattern=$1
    shift
    cli "$@" 2>&1 | tr -d '\r' >"$work/answer"
    head -c 300 "$work/answer"
    grep -q -e "$pattern" "$work/answer"
}

# info FIELD: of INFO.
info() {
    cli info everything 2>/dev/null | tr -d '\r' | sed -n "s/^$1://p"
}

info_is() {
    [ "$(info "$1")" = "$2" ]
}

# memory FIELD: of PHRASES.MEMORY.
memory() {
    cli phrases.memory | sed -n "/^$1\$/{n;p;}"
}

memory_is() {
    cli phrases.memory
    [ "$(memory "$1")" = "$2" ]
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
        [ ! -f "$work/$server/log" ] || tail -n 5 "$work/$server/log" | sed 's/^/    log: /'
        failures=$((failures + 1))
    fi
}

conclude() {
    [ $failures -eq 0 ] || fail "$failures checks failed"
}
