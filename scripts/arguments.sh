# shellcheck shell=sh
# SPDX-License-Identifier: BSD-3-Clause
#
# How scripts read their arguments and say what is wrong. Sourced by them; "script" is their name in
# messages. A script that takes arguments has a function usage.
# shellcheck disable=SC2154

# The caller has done something wrong.
refuse() {
    printf '%s\n' "$script: $*" >&2
    exit 2
}

fail() {
    printf '%s\n' "$script: $*" >&2
    exit 1
}

is_one_of() {
    case " $2 " in
    *" $1 "*) ;;
    *) return 1 ;;
    esac
}

# read_arguments FLAGS VALUED ARGUMENT...
#   FLAGS    options without a value: --no-setup sets no_setup to yes
#   VALUED   options with one: --rounds 5 and --rounds=5 call take_rounds 5
# Any other word goes to take_word, if the script has that function. Other options are refused.
read_arguments() {
    flags=$1 valued=$2
    shift 2
    while [ $# -gt 0 ]; do
        option=${1%%=*}
        name=${option#--}
        case $1 in
        -h | --help)
            usage
            exit
            ;;
        --*=*)
            is_one_of "$name" "$valued" || refuse "unknown option '$option'; --help lists what there is"
            "take_$(echo "$name" | tr - _)" "${1#*=}"
            ;;
        --*)
            if is_one_of "$name" "$valued"; then
                [ $# -ge 2 ] || refuse "$1 needs a value"
                "take_$(echo "$name" | tr - _)" "$2"
                shift
            elif is_one_of "$name" "$flags"; then
                eval "$(echo "$name" | tr - _)=yes"
            else
                refuse "unknown option '$1'; --help lists what there is"
            fi
            ;;
        -*) refuse "unknown option '$1'; --help lists what there is" ;;
        *)
            command -v take_word >/dev/null ||
                refuse "unknown argument '$1'; --help lists what there is"
            take_word "$1"
            ;;
        esac
        shift
    done
}

# need_number OPTION VALUE LEAST LARGEST: LEAST is 0 or 1, LARGEST is all nines.
need_number() {
    case $2 in
    '' | *[!0-9]* | 0?*) ;;
    *) [ ${#2} -gt ${#4} ] || [ "$2" -lt "$3" ] || return 0 ;;
    esac
    refuse "$1 '$2': not a number from $3 to $4"
}

# take_build DEFAULT: sets build to the folder BUILD_DIR, or to DEFAULT, as a path from the root.
take_build() {
    build=${BUILD_DIR:-$1}
    case $build in
    *[[:space:]:,]*) refuse "BUILD_DIR='$build': no blanks, colons and commas, please" ;;
    /*) ;;
    *) build=$PWD/$build ;;
    esac
}
