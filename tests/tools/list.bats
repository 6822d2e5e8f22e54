#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
#
# zmalloc list: every backend with its state, also those that are broken, and which one is chosen.
#
# shellcheck disable=SC2030,SC2031,SC2154
load common

# The modules of the build, where a test has put others beside or before them.
modules_before_ours() {
    export LD_LIBRARY_PATH=$PWD/modules
    mkdir -p modules
}

# install_module FILE NAME: FILE is the module of the backend NAME.
install_module() {
    cp "$1" "modules/libzmalloc-$2.so"
}

needs_modules() {
    [ -n "$MODULES" ] || skip "this build opens no modules"
}

# The list as JSON, and with one line for each value in it: "libc.prefix_bytes=16".
list_json() {
    zmalloc list --json >list.json
    python3 - list.json >list <<'END'
import json
import sys


def show(path, value):
    if isinstance(value, dict):
        for key, part in value.items():
            show(f"{path}.{key}", part)
    else:
        print(f"{path}={value}")


with open(sys.argv[1]) as file:
    listed = json.load(file)
for backend in listed["backends"]:
    show(backend["name"], backend)
for choice in ("default", "environment"):
    show(choice, listed[choice])
END
}

# of NAME KEY: what the list says of a backend, or of "default" and "environment".
of() {
    grep "^$1\.$2=" list | cut -d = -f 2-
}

# is_broken NAME REASON: the table and the JSON say so; what else there is can still be had.
is_broken() {
    ZMALLOC_BACKEND=$1 list_json
    [ "$(of "$1" state)" = broken ]
    [ "$(of "$1" why)" = "$2" ]
    [ "$(of "$1" version)" = None ]
    [ "$(of libc state)" = 'built in' ]
    [ "$(of environment backend)" = None ]
}

@test "the table has a row for each backend that the library knows" {
    run -0 --separate-stderr zmalloc list
    [ -z "$stderr" ]
    rows=$output
    [[ ${lines[0]} =~ ^\ \ BACKEND\ +STATE\ +VERSION\ +PREFIX ]]
    while IFS=: read -r name state; do
        case $state in
        ' built in'*) [[ $rows =~ $'\n'[*\ ]\ $name\ +built\ in\ +[0-9] ]] ;;
        ' loadable'*) [[ $rows =~ $'\n'[*\ ]\ $name\ +module\ +[0-9] ]] ;;
        ' not built'*) [[ $rows =~ $'\n'\ \ $name\ +not\ built$'\n'\ +not\ in\ this\ build: ]] ;;
        *) false ;;
        esac
    done < <("$CHOSEN" states)
}

@test "no line is longer than 100 columns" {
    export ZMALLOC_BACKEND=a-name-that-no-backend-has,debug+another-that-is-none,and-so-on-for-a-while
    run -0 zmalloc list
    for line in "${lines[@]}"; do
        [ "${#line}" -le 100 ]
    done
}

@test "on a narrow terminal columns stand below others, no word is broken, and nothing is lost" {
    zmalloc list >wide
    for columns in 80 60 40; do
        on_columns "$columns" "$ZMALLOC_TOOL" list
        [ "$status" -eq 0 ]
        fits "$columns"
        tr -s ' \n' '\n' <<<"$output" | sort -u >words
        tr -s ' \n' '\n' <wide | sort -u | diff - words
        [ "$(grep -c -w SIZES <<<"$output")" -eq 1 ]
        [ "$(grep -c '  BACKEND ' <<<"$output")" -gt 1 ]
    done
    on_columns 100 "$ZMALLOC_TOOL" list
    [ "$output" = "$(cat wide)" ]
}

@test "without a terminal COLUMNS says how wide lines may be" {
    COLUMNS=60 run -0 zmalloc list
    fits 60
    COLUMNS=x run -0 zmalloc list
    [ "$output" = "$(zmalloc list)" ]
}

@test "--json has these keys, of these types" {
    list_json
    python3 - list.json <<'END'
import json
import sys

text, number, truth, null = str, int, bool, type(None)


def check(value, shape):
    if isinstance(shape, dict):
        assert list(value) == list(shape), (list(value), list(shape))
        for key, part in shape.items():
            check(value[key], part)
    else:
        assert type(value) in shape, (value, shape)


abilities = ["allocator_info", "purge", "background_thread", "stats_print", "ctl", "good_size"]
abilities += ["thread_idle"]
figures = ["allocated_bytes", "active_bytes", "resident_bytes", "retained_bytes", "muzzy_bytes"]
choice = {"backend": [text, null], "by": [text, null], "value": [text, null], "why": [text, null]}
with open(sys.argv[1]) as file:
    listed = json.load(file)
check(
    {**listed, "backends": None},
    {"schema": [number], "zmalloc": [text], "backends": [null], "default": choice, "environment": choice},
)
for backend in listed["backends"]:
    there = backend["state"] in ("built in", "module")
    assert there or backend["state"] in ("not built", "broken")
    assert (backend["why"] is None) == there
    shape = {"name": [text], "state": [text], "why": [text, null], "version": [text if there else null]}
    shape["origin"] = [text if there else null]
    shape["prefix_bytes"] = [number if there else null]
    shape["counts_by_itself"] = [truth if there else null]
    shape["reports"] = {figure: [truth] for figure in figures} if there else [null]
    shape["abilities"] = {ability: [truth] for ability in abilities} if there else [null]
    check(backend, shape)
END
}

@test "what is told of a backend is true" {
    list_json
    [ "$(of libc prefix_bytes)" = 16 ]
    [ "$(of libc counts_by_itself)" = False ]
    [ "$(of libc origin)" = 'built in' ]
    [ "$(of libc abilities.ctl)" = False ]
    for backend in $AVAILABLE; do
        [[ $(of "$backend" version) = [0-9]* ]]
    done
    if [[ " $AVAILABLE " = *' jemalloc '* ]]; then
        [ "$(of jemalloc prefix_bytes)" = 0 ]
        [ "$(of jemalloc abilities.ctl)" = True ]
        [ "$(grep -c '^jemalloc\.reports\..*=True' list)" = 5 ]
    fi
}

@test "a module tells its file" {
    needs_modules
    list_json
    for backend in $AVAILABLE; do
        [ "$(of "$backend" state)" = module ] || continue
        [ -f "$(of "$backend" origin)" ]
        run -0 zmalloc list
        [[ $output = *$'\n'"    $(of "$backend" origin)"* ]]
    done
}

@test "the default is that of the build, whatever the environment says" {
    ZMALLOC_BACKEND=nonsense list_json
    [ "$(of default value)" = "$DEFAULT_BACKEND" ]
    [ "$(of default by)" = default_backend ]
}

@test "the choice of the environment is marked, layers and all" {
    for backend in $AVAILABLE; do
        ZMALLOC_BACKEND=nonsense,fail+$backend run -0 zmalloc list
        [[ $output =~ $'\n'"* $backend " ]]
        [ "$(grep -c '^\*' <<<"$output")" = 1 ]
        [[ $output = *"Environment: fail+$backend, by ZMALLOC_BACKEND=\"nonsense,fail+$backend\""* ]]
    done
}

@test "where the environment chooses nothing the message of the library is told" {
    ZMALLOC_BACKEND=nonsense list_json
    [[ $(of environment why) = 'zmalloc: ZMALLOC_BACKEND="nonsense": "nonsense": unknown backend; available: '* ]]
    run ! grep -q '"name": "nonsense"' list.json
    ZMALLOC_BACKEND=nonsense run -0 zmalloc list
    [[ $output = *'Environment: nothing can start: zmalloc: ZMALLOC_BACKEND="nonsense":'* ]]
    run ! grep '^\*' <<<"$output"
}

@test "a layer that does not understand its options breaks the environment's choice alone" {
    export ZMALLOC_DEBUG=nonsense
    list_json
    [ "$(of libc state)" = 'built in' ]
    [[ $(of environment why) = 'zmalloc: ZMALLOC_DEBUG="nonsense":'* ]]
}

@test "a foreign module is listed where the environment names it" {
    needs_modules
    export LD_LIBRARY_PATH=$TOY_FOLDER
    ZMALLOC_BACKEND='jemalloc, toy' list_json
    [ "$(of toy state)" = module ]
    [ "$(of toy origin)" = "$TOY_FOLDER/libzmalloc-toy.so" ]
    list_json
    run ! grep -q '"name": "toy"' list.json
}

@test "a foreign module that is broken says why" {
    needs_modules
    export LD_LIBRARY_PATH=$MODULES
    ZMALLOC_BACKEND=abi run -0 --separate-stderr zmalloc list
    [[ $output =~ $'\n'\ \ abi\ +broken$'\n'\ +failed\ to\ start:\ it\ has\ backend\ ABI ]]
    [ -z "$stderr" ]
    is_broken abi 'failed to start: it has backend ABI 7, this library needs 1'
    is_broken misnamed 'failed to start: the module calls itself other'
    is_broken badname 'failed to start: its name is not 1 to 31 of [a-z0-9_-]'
    is_broken prefix 'failed to start: its prefix_size is over 4096'
    is_broken operation 'failed to start: it lacks a mandatory operation'
    is_broken fails 'failed to start: it never does'
    is_broken silent 'failed to start: it does not say why'
    is_broken renamed 'failed to start: the module calls itself other'
    is_broken nosymbol 'failed to start: libzmalloc-nosymbol.so does not define zmalloc_backend_module'
    is_broken nosize 'failed to start: its struct_size is 0, not sizeof(struct zmalloc_backend)'
    build=$(sed -n 's/^#define ZM_BUILD "\(.*\)"$/\1/p' "$BUILD_H")
    is_broken release "failed to start: libzmalloc-release.so is of zmalloc 0.0.1, this library is $build"
    is_broken build \
        "failed to start: libzmalloc-build.so is of zmalloc $VERSION, build 0, this library is $build"
}

@test "a module of ours that is broken says why, and the other rows are as ever" {
    needs_modules
    modules_before_ours
    for backend in $AVAILABLE; do
        list_json
        [ "$(of "$backend" state)" = module ] || continue
        install_module "$MODULES/libzmalloc-nosymbol.so" "$backend"
        is_broken "$backend" \
            "failed to start: libzmalloc-$backend.so does not define zmalloc_backend_module"
        echo 'no library' >"modules/libzmalloc-$backend.so"
        ZMALLOC_BACKEND=$backend list_json
        [[ $(of "$backend" why) = 'failed to start: '*"libzmalloc-$backend.so"* ]]
        rm "modules/libzmalloc-$backend.so"
    done
}

@test "a module that is not installed says so" {
    needs_modules
    cp "$ZMALLOC_TOOL" "$LIBRARY" .
    export ZMALLOC_TOOL=$PWD/zmalloc LD_LIBRARY_PATH=$PWD
    mv "${LIBRARY##*/}" libzmalloc.so.1
    run -0 zmalloc list
    list_json
    for backend in $AVAILABLE; do
        case $(of "$backend" state) in
        'built in') ;;
        broken) [ "$(of "$backend" why)" = \
            "not installed: no libzmalloc-$backend.so where the dynamic linker looks" ] ;;
        *) false ;;
        esac
    done
}

@test "a module that takes its process down is broken, and only that" {
    needs_modules
    modules_before_ours
    install_module "$CRASHING_MODULE" crashing
    is_broken crashing 'a program that chooses it is ended by signal 6 (Aborted)'
}

@test "what others write to stderr is not taken for the reason" {
    [ -z "$SANITIZER" ] || skip "a sanitizer has to be preloaded first"
    needs_modules
    modules_before_ours
    install_module "$CRASHING_MODULE" crashing
    export LD_PRELOAD=/nowhere/libabsent.so
    run python3 -c pass
    [[ $output = 'ERROR: ld.so: '* ]] || skip "this dynamic linker does not complain"
    ZMALLOC_BACKEND=crashing list_json 2>/dev/null
    [ "$(of crashing why)" = 'a program that chooses it is ended by signal 6 (Aborted)' ]
    ZMALLOC_BACKEND=nonsense list_json 2>/dev/null
    [[ $(of environment why) = 'zmalloc: ZMALLOC_BACKEND="nonsense": '* ]]
}

@test "nothing is written for ZMALLOC_STATS" {
    export ZMALLOC_STATS=json:$PWD/record
    zmalloc list
    [ ! -e record ]
}

@test "colours are for terminals, and not where NO_COLOR is set" {
    run -0 zmalloc list
    [[ $output != *$'\033'* ]]
    skip_without script
    run -0 script -qec "'$ZMALLOC_TOOL' list" /dev/null
    [[ $output = *$'\033[1m'* ]]
    NO_COLOR=1 run -0 script -qec "'$ZMALLOC_TOOL' list" /dev/null
    [[ $output != *$'\033'* ]]
    TERM=dumb run -0 script -qec "'$ZMALLOC_TOOL' list" /dev/null
    [[ $output != *$'\033'* ]]
}

@test "bad usage is named" {
    refuses "zmalloc list: unknown option '--jsno'; did you mean '--json'?" list list --jsno
    refuses "zmalloc list: it takes no argument, and was given 'libc'" list list libc
    refuses "zmalloc probe: it takes no argument, and was given 'libc'" probe probe libc
}

@test "the hidden verb that asks a backend ends as a program does" {
    ZMALLOC_BACKEND=libc run -0 --separate-stderr zmalloc probe
    [ -z "$stderr" ]
    [ "${#lines[@]}" -eq 1 ]
    ZMALLOC_BACKEND=nonsense run -78 --separate-stderr zmalloc probe
    [ -z "$output" ]
    [[ $stderr = 'zmalloc: ZMALLOC_BACKEND="nonsense": "nonsense": unknown backend; '* ]]
}

@test "valgrind finds nothing" {
    [ -z "$SANITIZER" ] || skip "the build has a sanitizer"
    skip_without_valgrind
    export ZMALLOC_BACKEND=nonsense,libc
    for arguments in list 'list --json' probe 'list --help'; do
        # shellcheck disable=SC2086
        run -0 --separate-stderr valgrind --quiet --leak-check=full --error-exitcode=99 \
            "$ZMALLOC_TOOL" $arguments
        [ -z "$stderr" ]
    done
}
