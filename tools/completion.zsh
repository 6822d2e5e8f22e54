#compdef zmalloc
# SPDX-License-Identifier: BSD-3-Clause
#
# Completion of the command zmalloc for zsh.

# A backend, after the commas and layers that are already there; what follows in a variant is the user's.
_zmalloc_backend() {
    compset -P '*[+,]'
    compadd -S '' -- libc native jemalloc tcmalloc mimalloc debug+ fail+ sample+
}

# The ids of the processes that use zmalloc and may be read.
_zmalloc_processes() {
    local -a ids
    ids=(${(f)"$(_call_program processes zmalloc top --count 1 2>/dev/null |
        awk '$1 + 0 > 0 { print $1 }')"})
    compadd -- $ids
}

_zmalloc_list() {
    _arguments -s -S : \
        '--json[for programs\: one JSON object]' \
        '(-h --help)'{-h,--help}'[what the verb does]'
}

_zmalloc_doctor() {
    _arguments -s -S : \
        '(-a --all)'{-a,--all}'[also what is as it should be]' \
        '--json[for programs\: one JSON object]' \
        '(-h --help)'{-h,--help}'[what the verb does]' \
        '(-)1:program:_command_names -e' '*::argument:_normal'
}

_zmalloc_run() {
    _arguments -s -S : \
        '(-b --backend)'{-b+,--backend=}'[the backend, or the first of a list that can start]:backend:_zmalloc_backend' \
        '--stats=[report the memory at the end]:form:(text json prometheus signal\:USR1)' \
        '--preload=[when zmalloc becomes the malloc of the program]:when:(auto always never)' \
        '(-q --quiet)'{-q,--quiet}'[do not warn]' \
        '(-h --help)'{-h,--help}'[what the verb does]' \
        '(-)1:program:_command_names -e' '*::argument:_normal'
}

_zmalloc_compare() {
    _arguments -s -S : \
        '*'{-b+,--backends=}'[backends, with commas between them]:backends:_zmalloc_backend' \
        '*--variant=[a backend with variables of its own]:variant:_zmalloc_backend' \
        '--preload=[when zmalloc becomes the malloc of the program]:when:(auto always never)' \
        '(-n --runs)'{-n+,--runs=}'[runs on each]:runs' \
        '--warmup=[rounds that do not count]:rounds' \
        '--prepare=[a command before each run]:command:_cmdstring' \
        '--timeout=[how long a run may take]:seconds' \
        '--metric=[what the verdict is about]:metric:(wall cpu rss faults peak printed)' \
        '--metric-regex=[a figure that the program prints]:regular expression' \
        '--metric-name=[what the figure is called]:name' \
        '--metric-better=[which figure is better]:better:(lower higher)' \
        '--json=[everything that was measured]:file:_files' \
        '--csv=[the summary as lines]:file:_files' \
        '--markdown=[tables and verdict]:file:_files' \
        '--chart=[a picture of the metric]:file:_files -g "*.(svg|png)"' \
        '(-h --help)'{-h,--help}'[what the verb does]' \
        '(-)1:program:_command_names -e' '*::argument:_normal'
}

_zmalloc_profile() {
    _arguments -s -S : \
        '(--total)--live[what is in use]' \
        '(--live)--total[what was ever allocated]' \
        '(-n --rows)'{-n+,--rows=}'[how many functions]:rows' \
        '(-o --output)'{-o+,--output=}'[the profile for pprof]:file:_files' \
        '--flame=[a flame graph]:file:_files -g "*.svg"' \
        '--folded=[a line for each call stack]:file:_files' \
        '(-i --interval)'{-i+,--interval=}'[bytes between two samples of the program]:bytes' \
        '(-b --backend)'{-b+,--backend=}'[the backend of the program]:backend:_zmalloc_backend' \
        '--preload=[when zmalloc becomes the malloc of the program]:when:(auto always never)' \
        '(-h --help)'{-h,--help}'[what the verb does]' \
        '*:profile:_files'
}

_zmalloc_stats() {
    _arguments -s -S : \
        '(--prometheus)--json[a line with one JSON object for each report]' \
        '(--json)--prometheus[in the text format of Prometheus]' \
        '(-h --help)'{-h,--help}'[what the verb does]' \
        '*:process:_zmalloc_processes'
}

_zmalloc_top() {
    _arguments -s -S : \
        '(-d --delay)'{-d+,--delay=}'[between two tables]:seconds' \
        '(-n --count)'{-n+,--count=}'[how many tables]:count' \
        '(-s --sort)'{-s+,--sort=}'[by which column]:key:(used peak limit rss ratio pid command)' \
        '(-z --zones)'{-z,--zones}'[with the zones of each process]' \
        '--json[for programs\: each table is a JSON object]' \
        '(-h --help)'{-h,--help}'[what the verb does]' \
        '*:process:_zmalloc_processes'
}

_zmalloc() {
    local context state state_descr line
    typeset -A opt_args
    local -a verbs=(
        'list:list the backends'
        'doctor:look for what is wrong with a program or its surroundings'
        'run:run a program with a backend'
        'compare:run a program on several backends, and compare'
        'profile:show who holds the memory of a program'
        'stats:print the statistics of running processes'
        'top:show running processes and their memory'
        'help:what a verb does'
    )

    _arguments -S : \
        '(- *)'{-h,--help}'[what the command does]' \
        '(- *)'{-V,--version}'[the version]' \
        '1:verb:->verb' '*::argument:->arguments' && return
    case $state in
    verb) _describe -t verbs verb verbs ;;
    arguments)
        case $line[1] in
        help) (( CURRENT > 2 )) || _describe -t verbs verb verbs ;;
        list | doctor | run | compare | profile | stats | top) _zmalloc_$line[1] ;;
        esac
        ;;
    esac
}

_zmalloc "$@"
