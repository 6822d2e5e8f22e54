# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
#
# What the scripts of this folder share: where things are, and what is run. Each sources it first.
#
# A script's first argument is the server that it is for: the name of a folder of examples that has a
# server.sh, which says what differs. The scripts there, which people call, give it.
#
# What is run is called a subject: a backend of zmalloc (or a list of them, as ZMALLOC_BACKEND takes
# it) is the server on zmalloc with that backend; stock is the server with its own zmalloc.c over
# jemalloc; stock-libc and stock-system the same over the malloc of the C library and over the
# system's jemalloc.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=scripts/common.sh
. "$root/scripts/common.sh"

# Make's options for the system's jemalloc, which Debian's sources have.
# shellcheck disable=SC2034
system_jemalloc='MALLOC=jemalloc USE_SYSTEM_JEMALLOC=yes'

server=${1:-}
[ -f "$here/../$server/server.sh" ] ||
    refuse "'$server' is no server; say first one of:" \
        "$(cd "$here/.." && echo */server.sh | sed 's,/server.sh,,g')"
shift
# shellcheck source=examples/valkey/server.sh
. "$here/../$server/server.sh"

# The comments at the heads of these scripts have SERVER for its name, and words for what else differs.
# What is said of a build that the server does not have is left out.
print_help() {
    case $stock_builds in
    *stock-system*) other='' ;;
    *) other='/^ *stock-system /d' ;;
    esac
    sed -n -e '1,3d' -e '/^#/!q' -e 's/^# \{0,1\}//' -e "$other" \
        -e "s,\([/-]\)SERVER,\1$server,g; s/SERVER-/$server-/g; s/SERVER/$title/g" \
        -e "s/STOCK/$stock_over/g; s/KNOWN/$known_series/g; s/WITHIN/$used_within/g" \
        -e "s/BUILDS/$(echo "$stock_builds" | sed 's/ /, /g')/g" -e p "$0"
}

# shellcheck disable=SC2034
backends='libc native jemalloc tcmalloc mimalloc'

# What the caller has set must not decide what is run.
unset GLIBC_TUNABLES LD_LIBRARY_PATH LD_PRELOAD MALLOC_CONF MAKEFLAGS MAKELEVEL
LC_ALL=C
export LC_ALL

build=$(cd "$root" && take_build "build-$server" && echo "$build")

# ---- Subjects ----

subjects=''
# shellcheck disable=SC2086
take_word() {
    case $1 in
    stock*) need_known subject "$1" $stock_builds ;;
    esac
    subjects="$subjects $1"
}

# The folder that a subject was built in.
folder_of() {
    case $1 in
    stock*) echo "$build/$1" ;;
    *) echo "$build/ours" ;;
    esac
}

# What ZMALLOC_BACKEND has to be for a subject; the stock builds do not look at it.
backend_of() {
    case $1 in
    stock*) ;;
    *) echo "$1" ;;
    esac
}

# need_built SUBJECT...: also sets where the tools are from, the same build for all subjects.
need_built() {
    for subject; do
        tools=$(folder_of "$subject")/src
        [ -x "$tools/$server-server" ] ||
            fail "$subject is not built; examples/$server/build.sh builds it"
    done
    [ ! -x "$build/stock/src/$server-cli" ] || tools=$build/stock/src
}

# ---- Servers ----

# shellcheck source=examples/servers/running.sh
. "$here/running.sh"

cli() {
    name=$1
    shift
    "$tools/$server-cli" -h 127.0.0.1 -p "$(cat "$work/$name/port")" "$@"
}

# launch NAME SUBJECT [OPTION...]: in the background, on the port of its file. $pin may name the
# command that pins it to a processor.
launch() {
    launched=$work/$1 launched_subject=$2
    shift 2
    # shellcheck disable=SC2086
    ZMALLOC_BACKEND=$(backend_of "$launched_subject") ${pin:-} \
        "$(folder_of "$launched_subject")/src/$server-server" \
        --port "$(cat "$launched/port")" --bind 127.0.0.1 --dir "$launched" --daemonize no \
        --enable-debug-command yes --save '' "$@" \
        >"$launched/log" 2>"$launched/stderr" &
    echo $! >"$launched/pid"
}
