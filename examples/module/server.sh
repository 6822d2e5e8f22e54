# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
#
# Servers with the module, and questions to them, for check.sh. A server's folder in $work also has bindings: what
# the dynamic linker bound. $server is the one that is asked; $subject the backend, as ZMALLOC_BACKEND takes
# it; $tunable what GLIBC_TUNABLES is for it.

: "${root:=}" "${build:=}" # of common.sh

# shellcheck source=examples/servers/running.sh
. "$root/examples/servers/running.sh"

server='' tunable=''

# launch NAME [OPTION...]
launch() {
    launched=$work/$1
    shift
    rm -f "$launched"/bindings.*
    ZMALLOC_BACKEND=$subject GLIBC_TUNABLES=$tunable LD_DEBUG=bindings \
        LD_DEBUG_OUTPUT="$launched/bindings" "$build/server/run" server \
        --port "$(cat "$launched/port")" --bind 127.0.0.1 --dir "$launched" \
        --daemonize no --set-proc-title no --enable-module-command yes \
        --enable-debug-command yes --save '' "$@" \
        >"$launched/log" 2>"$launched/stderr" &
    echo $! >"$launched/pid"
}

cli() {
    asked=$1
    shift
    "$build/server/run" cli -h 127.0.0.1 -p "$(cat "$work/$asked/port")" "$@"
}

# start_and_ask NAME [OPTION...]
start_and_ask() {
    start "$@"
    server=$1
}

ask() {
    cli "$server" "$@"
}

# says PATTERN COMMAND...: whether the answer has a line that matches; errors are answers, too.
says() {
    wanted=$1
    shift
    answer "$wanted" "$server" "$@"
}

# info_is FIELD VALUE
info_is() {
    [ "$(info "$server" "$1")" = "$2" ]
}

# memory FIELD: of PHRASES.MEMORY.
memory() {
    ask phrases.memory | sed -n "/^$1\$/{n;p;}"
}

memory_is() {
    ask phrases.memory
    [ "$(memory "$1")" = "$2" ]
}
