# shellcheck shell=sh
# SPDX-License-Identifier: BSD-3-Clause
#
# What the scripts share: how they take arguments, and how they end. Each sources it first, and has a
# comment at its head that --help prints.

script=$(basename "$0" .sh)

# The caller's settings must not decide what is found.
unset ZMALLOC_BACKEND ZMALLOC_DEBUG ZMALLOC_FAIL ZMALLOC_LIMIT ZMALLOC_STATS

# refuse WORD...: the script was called in a way that it does not understand.
refuse() {
    printf '%s\n' "$script: $*" >&2
    exit 2
}

# fail WORD...: the script could not do what it is for.
fail() {
    printf '%s\n' "$script: $*" >&2
    exit 1
}

# The system's python3: the one that comes first may be a script that looks for another.
system_python() {
    command -v /usr/bin/python3 || command -v python3
}

# ---- Arguments ----

# take_arguments 'DECLARATION...' "$@": goes through the arguments of a script. The declarations say
# what there is, with blanks between them:
#
#     --quick         a flag, which sets $quick to yes
#     --runs=1..999   an option with a whole number: --runs 5 or --runs=5 sets $runs
#     --output=DIR    an option with any value, which sets $output
#     NAME...         other arguments; each goes to the script's function take_word
#
# If the script has a function take_quick, take_runs or take_output, it gets the value, and no
# variable is set.
take_arguments() {
    declarations=$1
    shift
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help)
            print_help
            exit
            ;;
        -*)
            option=${1%%=*}
            declaration=$(declaration_of "$option")
            case $declaration,$1 in
            ,*) refuse_argument "$1" ;;
            --*=*,"$option") # its value is the next argument
                [ $# -ge 2 ] || refuse "$option needs a value"
                value=$2
                shift
                ;;
            --*=*,*) value=${1#*=} ;;
            *,"$option") value=yes ;;
            *) refuse "$option takes no value" ;;
            esac
            case $declaration in
            *=[0-9]*..*) need_number "$option" "${declaration#*=}" "$value" ;;
            esac
            take_option "${option#--}" "$value"
            ;;
        *)
            takes_words || refuse_argument "$1"
            take_word "$1"
            ;;
        esac
        shift
    done
}

# Everything in the comment at the head of the script but the licence.
print_help() {
    sed -n -e '1,3d' -e '/^#/!q' -e 's/^# \{0,1\}//p' "$0"
}

refuse_argument() {
    # shellcheck disable=SC2086
    refuse "unknown argument '$1'; there are:" $declarations --help
}

declaration_of() {
    for declaration in $declarations; do
        [ "${declaration%%=*}" != "$1" ] || echo "$declaration"
    done
}

takes_words() {
    for declaration in $declarations; do
        case $declaration in
        [!-]*) return 0 ;;
        esac
    done
    return 1
}

has_function() {
    [ "$(command -v "$1")" = "$1" ]
}

take_option() {
    name=$(echo "$1" | tr - _)
    if has_function "take_$name"; then
        "take_$name" "$2"
    else
        eval "$name=\$2"
    fi
}

# need_number WHAT FIRST..LAST NUMBER
need_number() {
    first=${2%..*} last=${2#*..}
    case $3 in
    '' | *[!0-9]* | 0?*) ;;
    *) if [ ${#3} -le ${#last} ] && [ "$3" -ge "$first" ] && [ "$3" -le "$last" ]; then return; fi ;;
    esac
    refuse "$1 '$3': not a number from $first to $last"
}

# need_known WHAT NAME KNOWN...: the name has to be one of those that are known.
need_known() {
    what=$1 name=$2
    shift 2
    for known; do
        [ "$known" != "$name" ] || return 0
    done
    refuse "unknown $what '$name'; there are: $*"
}

# take_build DEFAULT: sets $build to BUILD_DIR, or to the default, as a full path. Linkers, make and
# lists of folders cannot have these characters in a path.
take_build() {
    build=${BUILD_DIR:-$1}
    case $build in
    *[[:space:]:,]*) refuse "BUILD_DIR='$build': no blanks, colons and commas, please" ;;
    esac
    build=$(full_path "$build")
}

full_path() {
    case $1 in
    /*) echo "$1" ;;
    *) echo "$PWD/$1" ;;
    esac
}

# ---- Commands ----

# logged LOG COMMAND...: prints the end of what the command said, but only if it fails.
logged() {
    logged_to=$1
    shift
    "$@" >"$logged_to" 2>&1 || {
        tail -n 60 "$logged_to" >&2
        fail "$(basename "$logged_to" .log) failed; its log is $logged_to"
    }
}

# progress WORD...: a line with the minutes and seconds since the script began.
started=$(date +%s)
progress() {
    elapsed=$(($(date +%s) - started))
    printf '[%3d:%02d] %s\n' $((elapsed / 60)) $((elapsed % 60)) "$*"
}
