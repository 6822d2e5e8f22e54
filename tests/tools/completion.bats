#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
#
# The completion for bash: verbs, options, and what options take.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load common

# completes WORDS... -- CANDIDATE...: the last of the words, exactly to these.
completes() {
    local words=()
    while [ "$1" != == ]; do
        words+=("$1")
        shift
    done
    shift
    run -0 bash -c '
        . "$COMPLETION"
        compopt() { :; } # it wants a completion that is under way
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _zmalloc
        printf "%s\n" "${COMPREPLY[@]}"' bash zmalloc "${words[@]}"
    [ "$output" = "$(printf '%s\n' "$@")" ]
}

@test "verbs are completed" {
    completes co == compare
    completes '' == list doctor run compare stats top help --help --version
    completes help r == run
    completes nonsense == ''
}

@test "options of a verb are completed" {
    completes run -- == --backend --stats --preload --quiet --help
    completes compare --wa == --warmup
    completes compare -n 3 --j == --json
    completes list --j == --json
}

# options_of VERB: those of its help, a line each.
options_of() {
    zmalloc help "$1" | sed -n 's/^  \(-., \|    \)\(--[a-z-]*\).*/\2/p'
}

@test "every option of the help is completed by bash, and no other" {
    for verb in list doctor run compare stats top; do
        # shellcheck disable=SC2046
        completes "$verb" -- == $(options_of "$verb")
    done
}

@test "backends are completed, in lists and under layers" {
    completes compare -b je == jemalloc
    completes compare -b libc,je == libc,jemalloc
    completes compare --backends libc,debug+n == libc,debug+native
    completes run -b deb == debug+
    completes run --backend t == tcmalloc
}

@test "metrics and forms are completed" {
    completes compare --metric '' == wall cpu rss faults peak printed
    completes compare --metric-better l == lower
    completes compare --variant "'debug+n" == debug+native
    completes compare --variant 'libc A' == ''
    completes run --stats p == prometheus
    completes run --stats s == signal:USR1
    completes run --preload a == auto always
}

@test "keys and processes are completed" {
    load running
    completes top --sort r == rss ratio
    start one "$RUNNING_PROGRAM" one
    skip_if_unreadable "$pid"
    export -f zmalloc
    completes stats "$pid" == "$pid"
    end_all
}

@test "files and programs are completed" {
    touch result.json result.svg
    for option in --json --csv --markdown --chart; do
        completes compare "$option" res == result.json result.svg
    done
    completes compare --prepare true --metric-regex x --timeout 3 --m == \
        --metric --metric-regex --metric-name --metric-better --markdown
    completes compare -n 3 -- bas == "$(bash -c 'compgen -c bas')"
    completes run -b libc cat result.j == result.json
    completes run -- cat --j == ''
}
