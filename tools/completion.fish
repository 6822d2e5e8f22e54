# SPDX-License-Identifier: BSD-3-Clause
#
# Completion of the command zmalloc for fish.

set -l verbs list doctor run compare profile stats top
set -l none "not __fish_seen_subcommand_from $verbs help"

# The names of backends, after the commas and layers that are already there.
function __zmalloc_backends
    set -l word (commandline -ct | string replace -r '^-b|^--[a-z]*=' '' | string trim -c '\'"')
    set -l before (string match -r '^.*[,+]' -- $word)
    string match -qr '\s' -- $word; or printf '%s\n' $before{libc,native,jemalloc,tcmalloc,mimalloc,debug+,fail+,sample+}
end

# The ids of the processes that use zmalloc and may be read.
function __zmalloc_processes
    zmalloc top --count 1 2>/dev/null | string match -r '^ *[0-9]+' | string trim
end

# The words from the program on that are before the one that is completed. It fails if there are none, and
# that word may be an option of the verb.
function __zmalloc_rest
    set -l words (commandline -opc)
    set -l verb $words[2]
    set -e words[1..2]
    while set -q words[1]
        switch $words[1]
            case --
                set -q words[2]; and printf '%s\n' $words[2..-1]
                return 0
            case -b -n -d -s --backend --backends --stats --preload --variant --runs --warmup --prepare --timeout --metric \
                --metric-regex --metric-name --metric-better --csv --markdown --chart --delay --count --sort \
                -i -o --rows --output --flame --folded --interval
                set -e words[1]
            case --json
                # Of compare it takes a file.
                test "$verb" != compare; or set -e words[1]
            case '-*'
            case '*'
                printf '%s\n' $words
                return 0
        end
        set -e words[1]
    end
    return 1
end

# Whether the word may be an option of this verb.
function __zmalloc_options_of
    set -l words (commandline -opc)
    test "$words[2]" = $argv[1]; and not __zmalloc_rest >/dev/null
end

# The program and its arguments, as if they stood alone.
function __zmalloc_program
    set -l word (commandline -ct)
    set -l before (__zmalloc_rest)
    or not string match -q -- '-*' $word; or return
    complete "-C"(string join ' ' -- (string escape -- $before) $word)
end

complete -c zmalloc -f
complete -c zmalloc -n $none -s h -l help -d 'What the command does'
complete -c zmalloc -n $none -s V -l version -d 'The version'
complete -c zmalloc -n $none -a list -d 'List the backends'
complete -c zmalloc -n $none -a doctor -d 'Look for what is wrong'
complete -c zmalloc -n $none -a run -d 'Run a program with a backend'
complete -c zmalloc -n $none -a compare -d 'Run a program on several backends'
complete -c zmalloc -n $none -a profile -d 'Who holds the memory'
complete -c zmalloc -n $none -a stats -d 'Statistics of running processes'
complete -c zmalloc -n $none -a top -d 'Running processes and their memory'
complete -c zmalloc -n $none -a help -d 'What a verb does'
complete -c zmalloc -n '__fish_seen_subcommand_from help' -a "$verbs"
for verb in $verbs
    complete -c zmalloc -n "__zmalloc_options_of $verb" -s h -l help -d 'What the verb does'
end

complete -c zmalloc -n '__zmalloc_options_of list' -l json -d 'For programs: one JSON object'

complete -c zmalloc -n '__zmalloc_options_of doctor' -s a -l all -d 'Also what is as it should be'
complete -c zmalloc -n '__zmalloc_options_of doctor' -l json -d 'For programs: one JSON object'

complete -c zmalloc -n '__zmalloc_options_of run' -s b -l backend -x -a '(__zmalloc_backends)' -d 'The backend'
complete -c zmalloc -n '__zmalloc_options_of run' -l preload -x -a 'auto always never' \
    -d 'When zmalloc becomes the malloc of the program'
complete -c zmalloc -n '__zmalloc_options_of run' -l stats -x -a 'text json prometheus signal:USR1' \
    -d 'Report the memory at the end'
complete -c zmalloc -n '__zmalloc_options_of run' -s q -l quiet -d 'Do not warn'

complete -c zmalloc -n '__zmalloc_options_of compare' -s b -l backends -x -a '(__zmalloc_backends)' -d 'Backends'
complete -c zmalloc -n '__zmalloc_options_of compare' -l preload -x -a 'auto always never' \
    -d 'When zmalloc becomes the malloc of the program'
complete -c zmalloc -n '__zmalloc_options_of compare' -l variant -x -a '(__zmalloc_backends)' \
    -d 'A backend with variables'
complete -c zmalloc -n '__zmalloc_options_of compare' -s n -l runs -x -d 'Runs on each'
complete -c zmalloc -n '__zmalloc_options_of compare' -l warmup -x -d 'Rounds that do not count'
complete -c zmalloc -n '__zmalloc_options_of compare' -l prepare -x -d 'A command before each run'
complete -c zmalloc -n '__zmalloc_options_of compare' -l timeout -x -d 'Seconds that a run may take'
complete -c zmalloc -n '__zmalloc_options_of compare' -l metric -x -a 'wall cpu rss faults peak printed' \
    -d 'What the verdict is about'
complete -c zmalloc -n '__zmalloc_options_of compare' -l metric-regex -x -d 'A figure that the program prints'
complete -c zmalloc -n '__zmalloc_options_of compare' -l metric-name -x -d 'What the figure is called'
complete -c zmalloc -n '__zmalloc_options_of compare' -l metric-better -x -a 'lower higher' \
    -d 'Which figure is better'
complete -c zmalloc -n '__zmalloc_options_of compare' -l json -r -F -d 'Everything that was measured'
complete -c zmalloc -n '__zmalloc_options_of compare' -l csv -r -F -d 'The summary as lines'
complete -c zmalloc -n '__zmalloc_options_of compare' -l markdown -r -F -d 'Tables and verdict'
complete -c zmalloc -n '__zmalloc_options_of compare' -l chart -r -F -d 'A picture of the metric'

complete -c zmalloc -n '__zmalloc_options_of profile' -l live -d 'What is in use'
complete -c zmalloc -n '__zmalloc_options_of profile' -l total -d 'What was ever allocated'
complete -c zmalloc -n '__zmalloc_options_of profile' -s n -l rows -x -d 'How many functions'
complete -c zmalloc -n '__zmalloc_options_of profile' -s o -l output -r -F -d 'The profile for pprof'
complete -c zmalloc -n '__zmalloc_options_of profile' -l flame -r -F -d 'A flame graph'
complete -c zmalloc -n '__zmalloc_options_of profile' -l folded -r -F -d 'A line for each call stack'
complete -c zmalloc -n '__zmalloc_options_of profile' -s i -l interval -x -d 'Bytes between two samples of the program'
complete -c zmalloc -n '__zmalloc_options_of profile' -s b -l backend -x -a '(__zmalloc_backends)' -d 'The backend'
complete -c zmalloc -n '__zmalloc_options_of profile' -l preload -x -a 'auto always never' \
    -d 'When zmalloc becomes the malloc of the program'
complete -c zmalloc -n '__fish_seen_subcommand_from profile' -F

complete -c zmalloc -n '__zmalloc_options_of stats' -l json -d 'A line with one JSON object for each report'
complete -c zmalloc -n '__zmalloc_options_of stats' -l prometheus -d 'In the text format of Prometheus'
complete -c zmalloc -n '__zmalloc_options_of top' -s d -l delay -x -d 'Seconds between two tables'
complete -c zmalloc -n '__zmalloc_options_of top' -s n -l count -x -d 'How many tables'
complete -c zmalloc -n '__zmalloc_options_of top' -s s -l sort -x -a 'used peak limit rss ratio pid command' \
    -d 'By which column'
complete -c zmalloc -n '__zmalloc_options_of top' -s z -l zones -d 'With the zones of each process'
complete -c zmalloc -n '__zmalloc_options_of top' -l json -d 'For programs: each table is a JSON object'
complete -c zmalloc -n '__fish_seen_subcommand_from stats top' -a '(__zmalloc_processes)'
complete -c zmalloc -n '__fish_seen_subcommand_from run compare doctor' -a '(__zmalloc_program)'
