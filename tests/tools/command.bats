#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
#
# The command zmalloc: its verbs, help and version, and what is said of words that are none.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load common

@test "without a verb the help is on stderr, and the status 2" {
    run --separate-stderr -2 zmalloc
    [ -z "$output" ]
    [[ ${stderr_lines[0]} = 'usage: zmalloc VERB '* ]]
}

@test "--help lists every verb but those that are hidden" {
    run -0 --separate-stderr zmalloc --help
    [ -z "$stderr" ]
    for verb in list doctor run compare; do
        [[ $output = *$'\n  '"$verb "* ]]
    done
    [[ $output != *probe* ]]
    help=$output
    run -0 zmalloc -h
    [ "$output" = "$help" ]
    run -0 zmalloc help
    [ "$output" = "$help" ]
}

@test "--version is one line" {
    run -0 zmalloc --version
    [[ $output =~ ^zmalloc\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "each verb has help with examples and exit statuses, by three ways" {
    for verb in list doctor run compare; do
        run -0 --separate-stderr zmalloc "$verb" --help
        [ -z "$stderr" ]
        [[ $output = "usage: zmalloc $verb "* ]]
        [[ $output = *$'\nexamples:\n'* ]]
        [[ $output = *$'\nexit status:'* ]]
        help=$output
        run -0 zmalloc help "$verb"
        [ "$output" = "$help" ]
        run -0 zmalloc "$verb" -h
        [ "$output" = "$help" ]
    done
}

@test "no line of a help is longer than 80 columns" {
    for verb in '' list doctor run compare; do
        run -0 zmalloc help $verb
        for line in "${lines[@]}"; do
            [ "${#line}" -le 80 ]
        done
    done
}

@test "an unknown verb is named, and the nearest right one" {
    refuses "zmalloc: unknown verb 'comapre'; did you mean 'compare'?" '' comapre
    refuses "zmalloc: unknown verb 'rnu'; did you mean 'run'?" '' rnu ls
    refuses "zmalloc: unknown verb 'comp'; did you mean 'compare'?" '' help comp
    refuses "zmalloc: unknown verb 'frobnicate'" '' frobnicate
}

@test "an unknown option is named, and the nearest right one" {
    refuses "zmalloc: unknown option '--versoin'; did you mean '--version'?" '' --versoin
    refuses "zmalloc: unknown option '--frobnicate'" '' --frobnicate
    refuses "zmalloc: unknown option '-x'" '' -x
    refuses "zmalloc: option '--help' takes no argument" '' --help=run
}

@test "a wrong ZMALLOC variable does not end the command, and is left to programs" {
    export ZMALLOC_BACKEND=nonsense ZMALLOC_STATS=nonsense
    export ZMALLOC_DEBUG=nonsense ZMALLOC_FAIL=nonsense
    run -0 --separate-stderr zmalloc --version
    [ -z "$stderr" ]
    run -0 zmalloc run --preload=never env
    [[ $output = *ZMALLOC_BACKEND=nonsense* ]]
    [[ $output = *ZMALLOC_STATS=nonsense* ]]
    if [ "$PRELOAD" ]; then
        run -78 zmalloc run env
    fi
}

@test "the command leaves no record of itself" {
    export ZMALLOC_STATS=json:$PWD/record
    zmalloc --version
    [ ! -e record ]
}

@test "what cannot be written fails" {
    run --separate-stderr -1 bash -c '"$ZMALLOC_TOOL" --help >/dev/full'
    [ "$stderr" = 'zmalloc: stdout: cannot be written' ]
}
