#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Starts Redis on a free port of the loopback interface, says what its memory is, and ends it.
#
# --help says how it is called.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"

usage() {
    cat <<END
usage: examples/redis/run.sh SUBJECT

Prints INFO memory of a server on SUBJECT: a backend of zmalloc, a list of them as ZMALLOC_BACKEND
takes it, stock (Redis with its own zmalloc.c over the system's jemalloc) or stock-libc (the same over
the malloc of the C library). Backends are $backends.
END
}

take_word() {
    take_subject "$1"
}

read_arguments '' '' "$@"
[ -n "${1:-}" ] || refuse "say one of: $backends stock stock-libc"
[ $# -eq 1 ] || refuse "one backend, please, not: $*"
need_built "$1"
make_work
start server "$1"
cli server info memory
stop server
