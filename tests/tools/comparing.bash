# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# For the tests of compare: a shell starts what uses zmalloc, and it is not to be served itself. Tests
# of that say --preload=auto.

zmalloc() {
    local verb=$1
    shift
    [ "$verb" != compare ] || set -- --preload=never "$@"
    "$ZMALLOC_TOOL" "$verb" "$@"
}

# refuses_before_it_runs LINE OPTION...
refuses_before_it_runs() {
    local line=$1
    shift
    refuses "zmalloc compare: $line" compare compare "$@" -- touch ran
    [ ! -e ran ]
}
