# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Completion of the command zmalloc for bash.

# The names of backends, the last of a list with commas, with or without layers before it.
_zmalloc_backends() {
    local word=$1 before=
    [[ $word != *[,+]* ]] || before=${word%"${word##*[,+]}"}
    local names='libc native jemalloc tcmalloc mimalloc debug+ fail+ sample+'
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$names" -- "${word#"$before"}")
    # More may follow.
    compopt -o nospace
}

# The backend of a variant, within the quote that begins it; the variables after it are the user's.
_zmalloc_variant() {
    local word=${1#[\'\"]}
    [[ $word == *[[:space:]]* ]] || _zmalloc_backends "$word"
}

_zmalloc_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_zmalloc_files() {
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# The options of a verb.
_zmalloc_options() {
    case $1 in
    list) echo --json --help ;;
    doctor) echo --all --json --help ;;
    run) echo --backend --stats --preload --quiet --help ;;
    profile)
        echo --live --total --rows --output --flame --folded --interval --backend --preload --help
        ;;
    stats) echo --json --prometheus --help ;;
    top) echo --delay --count --sort --zones --json --help ;;
    compare)
        echo --backends --variant --preload --runs --warmup --prepare --timeout --metric --metric-regex \
            --metric-name --metric-better --json --csv --markdown --chart --help
        ;;
    esac
}

# Whether an option of the verb takes the next word as its argument.
_zmalloc_takes_argument() {
    case $1:$2 in
    run:-b | run:--backend | run:--preload | run:--stats) ;;
    profile:-[bino] | profile:--backend | profile:--preload | profile:--rows) ;;
    profile:--output | profile:--flame | profile:--folded | profile:--interval) ;;
    compare:-[bn] | compare:--backends | compare:--variant | compare:--preload) ;;
    compare:--runs | compare:--warmup | compare:--prepare | compare:--timeout | compare:--metric*) ;;
    compare:--json | compare:--csv | compare:--markdown | compare:--chart) ;;
    top:-[dns] | top:--delay | top:--count | top:--sort) ;;
    *) return 1 ;;
    esac
}

# The index of the word where the program begins, or that of the word that is completed.
_zmalloc_program() {
    local verb=${COMP_WORDS[1]} index=2
    while ((index < COMP_CWORD)); do
        case ${COMP_WORDS[index]} in
        --) echo $((index + 1)) && return ;;
        -*) ! _zmalloc_takes_argument "$verb" "${COMP_WORDS[index]}" || ((index++)) ;;
        *) break ;;
        esac
        ((index++))
    done
    echo "$index"
}

# _zmalloc_argument VERB OPTION WORD
_zmalloc_argument() {
    case $1:$2 in
    top:-s | top:--sort) _zmalloc_words 'used peak limit rss ratio pid command' "$3" ;;
    *:-b | *:--backend | *:--backends) _zmalloc_backends "$3" ;;
    *:--preload) _zmalloc_words 'auto always never' "$3" ;;
    *:--stats) _zmalloc_words 'text json prometheus signal:USR1' "$3" ;;
    *:--variant) _zmalloc_variant "$3" ;;
    *:--metric) _zmalloc_words 'wall cpu rss faults peak printed' "$3" ;;
    *:--metric-better) _zmalloc_words 'lower higher' "$3" ;;
    profile:-o | *:--output | *:--flame | *:--folded) _zmalloc_files "$3" ;;
    *:--json | *:--csv | *:--markdown | *:--chart) _zmalloc_files "$3" ;;
    esac
}

# The ids of the processes that use zmalloc and may be read.
_zmalloc_processes() {
    "${COMP_WORDS[0]}" top --count 1 2>/dev/null | awk '$1 + 0 > 0 { print $1 }'
}

# The program and its arguments are completed as if they stood alone, if bash-completion is there.
_zmalloc_command() {
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        mapfile -t COMPREPLY < <(compgen -c -- "$2")
    else
        _zmalloc_files "$2"
    fi
}

_zmalloc() {
    local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} program
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _zmalloc_words 'list doctor run compare stats top help --help --version' "$word"
        return
    fi
    if [[ $verb == help ]]; then
        _zmalloc_words 'list doctor run compare profile stats top' "$word"
        return
    fi
    program=$(_zmalloc_program)
    if ((program > COMP_CWORD)); then
        _zmalloc_argument "$verb" "${COMP_WORDS[COMP_CWORD - 1]}" "$word"
    elif ((program == COMP_CWORD)) && [[ $word == -* ]]; then
        _zmalloc_words "$(_zmalloc_options "$verb")" "$word"
    elif [[ $verb == stats || $verb == top ]]; then
        _zmalloc_words "$(_zmalloc_processes)" "$word"
    elif [[ $verb == profile && ${COMP_WORDS[program - 1]} != -- ]]; then
        _zmalloc_files "$word"
    elif [[ $verb != list ]]; then
        _zmalloc_command "$program" "$word"
    fi
}

complete -F _zmalloc zmalloc
