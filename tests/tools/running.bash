# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Programs that run while the command reads them. Each ends when its input does, which is a pipe of
# the test.

# start NAME COMMAND...: its id is in $pid, and it has written the file NAME.
start() {
    local name=$1
    shift
    mkfifo "$name.input"
    "$@" <"$name.input" 3>&- &
    pid=$!
    started+=("$pid")
    exec {input}>"$name.input"
    inputs+=("$input")
    wait_for "$name"
}

end_all() {
    local each
    for each in "${inputs[@]}"; do
        exec {each}>&-
    done
    for each in "${started[@]}"; do
        wait "$each" || true
    done
    inputs=() started=()
}

# skip_if_unreadable: the kernel may let nobody read others.
skip_if_unreadable() {
    run --separate-stderr zmalloc stats "$1"
    # shellcheck disable=SC2154
    if [[ $stderr == *'the kernel'* ]]; then
        end_all
        echo "skipped: $BATS_TEST_DESCRIPTION: the kernel lets this user read no process" >&3
        skip "the kernel lets this user read no process"
    fi
}

teardown() {
    end_all
}
