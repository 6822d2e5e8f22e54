# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What the tests of the command share. Meson gives them $ZMALLOC_TOOL, the command, and $PROGRAM, a
# program that uses the library.

bats_require_minimum_version 1.5.0

# What the caller has set must not decide what is tested.
unset ZMALLOC_BACKEND ZMALLOC_STATS ZMALLOC_DEBUG ZMALLOC_FAIL ZMALLOC_LIMIT ZMALLOC_TEST_SCALE
unset NO_COLOR TMPDIR COLUMNS
export LC_ALL=C TERM=xterm

zmalloc() {
    "$ZMALLOC_TOOL" "$@"
}

# Temporary files of the command itself go where they can be counted.
setup() {
    cd "$BATS_TEST_TMPDIR" || return
    mkdir temporary
    export TMPDIR=$PWD/temporary
}

# skip_without TOOL...
skip_without() {
    local tool
    for tool; do
        command -v "$tool" >/dev/null || {
            echo "skipped: $BATS_TEST_DESCRIPTION: there is no $tool" >&3
            skip "there is no $tool"
        }
    done
}

# refuses LINE VERB ARGUMENT...: it ends with 2, and its stderr is this line and where help is.
refuses() {
    local line=$1 verb=$2
    shift 2
    run --separate-stderr -2 zmalloc "$@"
    [ -z "$output" ]
    # shellcheck disable=SC2154
    [ "${stderr_lines[0]}" = "$line" ]
    [ "${stderr_lines[1]}" = "Try 'zmalloc $verb${verb:+ }--help'." ]
    [ "${#stderr_lines[@]}" -eq 2 ]
}

# Waits until the file is there; a minute is more than anything here takes.
wait_for() {
    local file=$1 tries
    for ((tries = 0; tries < 600; tries++)); do
        [ ! -e "$file" ] || return 0
        sleep 0.1
    done
    return 1
}

# ends_with STATUS PID: waits for a process of this shell, and compares its exit status.
ends_with() {
    local status=0
    wait "$2" || status=$?
    [ "$status" -eq "$1" ]
}

# Later versions of glibc warn of wrong values in every program: that is not what is tested.
without_linkers_warnings() {
    sed '/^WARNING: ld\.so: /d' <<<"$1"
}

# on_columns COLUMNS COMMAND...: what it prints on a terminal of so many columns is in $output and
# $lines. The terminal understands nothing else, so there is neither colour nor progress.
on_columns() {
    local columns=$1
    shift
    skip_without script stty
    SHELL=$BASH TERM=dumb run script -qec \
        "stty columns $columns; exec $(printf '%q ' "$@")" /dev/null </dev/null 3>&-
    output=$(without_linkers_warnings "${output//$'\r'/}")
    mapfile -t lines <<<"$output"
}

# fits COLUMNS: no line of $lines is longer, unless it is a word that is too long by itself.
fits() {
    local line words
    for line in "${lines[@]}"; do
        read -ra words <<<"$line"
        [ "${#line}" -le "$1" ] || [ "${#words[@]}" -eq 1 ] || {
            echo "longer than $1 columns: $line"
            return 1
        }
    done
}

# absent PATTERN FILE: no line of it matches.
absent() {
    ! grep -E "$1" "$2"
}

# is_over PID: the process ends, or has; as a zombie it waits for its new parent to look.
is_over() {
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        grep -q '^State:.[^ZX]' "/proc/$1/status" 2>/dev/null || return 0
        sleep 0.1
    done
    return 1
}

nothing_temporary_is_left() {
    [ -z "$(ls -A "$TMPDIR")" ]
}

# json FILE EXPRESSION: what it is of the object d in the file.
json() {
    python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
print(eval("(" + sys.argv[2] + ")"))' "$1" "$2"
}

# valgrind 3.19 ends at once if clang 14 has described the program to debuggers. That takes a while
# to find out, so each file does it once.
skip_without_valgrind() {
    local readable=$BATS_FILE_TMPDIR/valgrind-reads-it
    skip_without valgrind
    [ -e "$readable" ] || {
        valgrind --quiet "${ZMALLOC_TOOL:-$tool}" --version >/dev/null 2>&1 ||
            skip "valgrind cannot read what this compiler tells debuggers"
        touch "$readable"
    }
}
