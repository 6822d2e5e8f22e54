#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Starts SERVER on a free port of the loopback interface, prints its INFO memory, and ends it.
#
# usage: examples/SERVER/run.sh SUBJECT
#
# SUBJECT is a backend of zmalloc, a list of them as ZMALLOC_BACKEND takes it, or SERVER as it is: BUILDS
# (build.sh --help).

# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"

take_arguments 'SUBJECT' "$@"
subject=${subjects# }
[ -n "$subject" ] || refuse "say one of: $backends $stock_builds"
[ $# -eq 1 ] || refuse "one backend, please, not: $*"
need_built "$subject"
make_work "$server-$script"
start server "$subject"
cli server info memory
stop server
