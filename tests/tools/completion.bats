#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
#
# The completions for bash, fish and zsh: verbs, options, and what options take.
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
        . "$COMPLETION.bash"
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

@test "every option of the help is in the completions for fish and zsh, and no other" {
    for verb in list doctor run compare stats top; do
        options=$(options_of "$verb" | sort)
        fish=$({
            grep -F "'__zmalloc_options_of $verb'" "$COMPLETION.fish" | grep -o -E ' -l [a-z-]+'
            echo ' -l help'
        } | sed 's/ -l /--/' | sort)
        [ "$fish" = "$options" ]
        zsh=$(sed -n "/^_zmalloc_$verb() {$/,/^}$/p" "$COMPLETION.zsh" |
            grep -o -E -e '--[a-z][a-z-]*' | sort -u)
        [ "$zsh" = "$options" ]
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

# ---- The other shells ----

# completes_in SHELL LINE == CANDIDATE...: the line's last word, exactly to these, sorted.
completes_in() {
    local shell=$1 line=$2
    shift 3
    PATH=$(dirname "$ZMALLOC_TOOL"):$PATH run -0 "complete_in_$shell" "$line"
    [ "$output" = "$(printf '%s\n' "$@")" ]
}

complete_in_fish() {
    HOME=$PWD fish --no-config -c 'source $argv[1]; complete -C$argv[2]' "$COMPLETION.fish" "$1" |
        cut -f 1 | sort
}

complete_in_zsh() {
    mkdir -p functions
    cp "$COMPLETION.zsh" functions/_zmalloc
    HOME=$PWD TERM=dumb zsh -f "$ZSH_COMPLETES" "$PWD/functions" "$1" 3>&-
}

@test "fish completes verbs, options, and what options take" {
    skip_without fish
    touch result.json
    completes_in fish 'zmalloc co' == compare
    completes_in fish 'zmalloc help to' == top
    completes_in fish 'zmalloc list --' == --help --json
    completes_in fish 'zmalloc compare -n 3 --metric-' == \
        --metric-better --metric-name --metric-regex
    completes_in fish 'zmalloc compare --metric-better ' == higher lower
    completes_in fish 'zmalloc compare -b libc,je' == libc,jemalloc
    completes_in fish 'zmalloc run -b debug+n' == debug+native
    completes_in fish 'zmalloc compare --csv res' == result.json
}

@test "fish completes a program and its arguments as if they stood alone" {
    skip_without fish
    touch result.json
    for before in 'run -b libc' 'compare --json x --' 'doctor --' 'run -q'; do
        completes_in fish "zmalloc $before cat res" == result.json
    done
    mkdir programs
    touch programs/only_here
    chmod +x programs/only_here
    PATH=$PWD/programs:$PATH completes_in fish 'zmalloc run -- only_h' == only_here
    # The option would be the program's.
    completes_in fish 'zmalloc run cat result.json --sta' == ''
}

@test "zsh completes verbs, options, and what options take" {
    skip_without zsh
    touch result.json
    completes_in zsh 'zmalloc co' == compare
    completes_in zsh 'zmalloc help to' == top
    completes_in zsh 'zmalloc compare -n 3 --metric-' == \
        --metric-better --metric-name --metric-regex
    completes_in zsh 'zmalloc compare --metric-better ' == higher lower
    completes_in zsh 'zmalloc compare -b libc,je' == jemalloc
    completes_in zsh 'zmalloc run -b debug+n' == native
    completes_in zsh 'zmalloc compare --csv res' == result.json
    completes_in zsh 'zmalloc run -b libc cat res' == result.json
}
