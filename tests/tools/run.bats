#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
#
# zmalloc run: the environment that it makes, and that it becomes the program.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load common

@test "it sets the backend" {
    for backend in libc native; do
        run -0 zmalloc run -b "$backend" "$PROGRAM" 1000
        [[ $output = *" on $backend" ]]
        run -0 zmalloc run --backend="$backend" -- "$PROGRAM" 1000
        [[ $output = *" on $backend" ]]
    done
}

@test "it takes lists and layers" {
    run -0 zmalloc run -b nonsense,debug+libc -- "$PROGRAM" 1000
    [[ $output = *" on debug+libc" ]]
}

@test "without -b the environment decides" {
    ZMALLOC_BACKEND=native run -0 zmalloc run "$PROGRAM" 1000
    [[ $output = *" on native" ]]
}

@test "-b is stronger than the environment" {
    ZMALLOC_BACKEND=nonsense run -0 zmalloc run -b native "$PROGRAM" 1000
    [[ $output = *" on native" ]]
}

@test "an unknown backend is refused before the program runs, with the nearest right one" {
    refuses "zmalloc run: -b lbic: unknown backend (did you mean libc?); available: $BACKENDS" \
        run run -b lbic -- touch ran
    refuses "zmalloc run: --backend=xyzzy: unknown backend; available: $BACKENDS" \
        run run --backend=xyzzy "$PROGRAM" 1000
    unknown='unknown layer "dbeug" (known: fail debug sample)'
    refuses "zmalloc run: -bdbeug+libc: $unknown (did you mean debug?); available: $BACKENDS" \
        run run -bdbeug+libc touch ran
    [ ! -e ran ]
}

@test "in a list an unknown backend is passed over, in a line that -q leaves out" {
    run --separate-stderr -0 zmalloc run -b lbic,native "$PROGRAM" 1000
    [[ $output = *" on native" ]]
    [ "$stderr" = "zmalloc run: -b lbic: passed over: unknown backend (did you mean libc?); available: $BACKENDS" ]
    run --separate-stderr -0 zmalloc run -q -b lbic,native "$PROGRAM" 1000
    [ -z "$stderr" ]
}

@test "a backend that is known and does not start is the program's to refuse" {
    ZMALLOC_DEBUG=nonsense run --separate-stderr -78 zmalloc run -b libc "$PROGRAM" 1000
    [[ $stderr = 'zmalloc: ZMALLOC_DEBUG="nonsense": '* ]]
}

# served PROGRAM...: by the backend native, as its report says.
served() {
    run --separate-stderr -0 zmalloc run -b native --stats text -- "$@"
    [[ $stderr = *'backend                     native'* ]]
}

@test "a program that knows nothing of zmalloc is served, and what it starts" {
    [ "$PRELOAD" ] || skip "this build has no libzmalloc-preload.so"
    served env true
    [ "$(grep -c '^backend ' <<<"$stderr")" -eq 1 ]
    served sh -c 'env true; env true'
    [ "$(grep -c '^backend ' <<<"$stderr")" -eq 2 ]
}

@test "a script is served, and what it starts" {
    [ "$PRELOAD" ] || skip "this build has no libzmalloc-preload.so"
    printf '#!/bin/sh\necho hello\nenv true\nenv true\n' >script
    chmod +x script
    served ./script
    [ "$output" = hello ]
    [ "$(grep -c '^backend ' <<<"$stderr")" -eq 2 ]
}

@test "a program that uses zmalloc has nothing preloaded, unless always" {
    run -0 zmalloc run -b native "$PROGRAM" 1000 environment
    [[ $output != *LD_PRELOAD=* ]]
    [ "$PRELOAD" ] || skip "this build has no libzmalloc-preload.so"
    run -0 zmalloc run --preload=always -b native "$PROGRAM" 1000 environment
    [[ $output = *"LD_PRELOAD=$PRELOAD"* ]]
    # One accounting: the block, and what the C library itself has.
    [[ $output = *"used "*" on native"* ]]
}

@test "what is served ends with 78 and one line if its backend does not start" {
    [ "$PRELOAD" ] || skip "this build has no libzmalloc-preload.so"
    ZMALLOC_DEBUG=nonsense run --separate-stderr -78 zmalloc run -b libc -- env true
    [[ ${stderr_lines[0]} = 'zmalloc: ZMALLOC_DEBUG="nonsense": '* ]]
    ZMALLOC_BACKEND=nothing run --separate-stderr -78 zmalloc run -- env true
    [[ ${stderr_lines[0]} = 'zmalloc: ZMALLOC_BACKEND="nothing": '* ]]
}

@test "--preload=never leaves a program as it is" {
    run --separate-stderr -0 zmalloc run --preload=never -b native --stats text -- echo hello
    [ "$output" = hello ]
    [ -z "$stderr" ]
}

@test "what stands in LD_PRELOAD stays, after ours" {
    [ "$PRELOAD" ] || skip "this build has no libzmalloc-preload.so"
    LD_PRELOAD=libm.so.6 run -0 zmalloc run -b native -- sh -c 'echo "$LD_PRELOAD"'
    [ "$output" = "$PRELOAD:libm.so.6" ]
}

@test "--preload takes three words" {
    refuses "zmalloc run: --preload=nevre: it must be auto, always or never" \
        run run --preload=nevre ls
    refuses "zmalloc run: --preload : it must be auto, always or never" run run --preload '' ls
}

# cannot_serve WHY PROGRAM...: it runs as it is, after one line, which -q hides.
cannot_serve() {
    why=$1
    shift
    run --separate-stderr -0 zmalloc run -b libc -- "$@"
    [ "$stderr" = "zmalloc run: zmalloc cannot serve $1: $why (-q hides this)" ]
    run --separate-stderr -0 zmalloc run -q -b libc -- "$@"
    [ -z "$stderr" ]
}

@test "a static program without zmalloc is told of, one with it is not" {
    skip_without cc
    printf 'int main(void) { return 0; }\n' >static.c
    cc -static -o static static.c || skip "nothing can be linked statically here"
    cannot_serve 'it is static: nothing can be preloaded into it' ./static
    run --separate-stderr -0 zmalloc run -b libc "$WHOLE_PROGRAM" record
    [ -z "$stderr" ]
}

@test "a program with a malloc of its own is told of, and one with a sanitizer" {
    skip_without cc
    cat >own.c <<'END'
#include <stddef.h>
static char room[1 << 20];
static size_t used;
void *malloc(size_t size) { used += (size + 15) & ~15ul; return room + used - ((size + 15) & ~15ul); }
void free(void *ptr) { (void)ptr; }
int main(void) { free(malloc(1)); return 0; }
END
    cc -fno-builtin -o own own.c
    cannot_serve 'it has a malloc of its own inside' ./own
    printf 'int main(void) { return 0; }\n' >plain.c
    cc -fsanitize=address -o sanitized plain.c || skip "there is no sanitizer here"
    cannot_serve 'it has a sanitizer, which has to be its malloc' ./sanitized
}

@test "a program for another machine is told of" {
    skip_without cc
    printf 'int main(void) { return 0; }\n' >plain.c
    cc -o plain plain.c
    # Byte 18 of an ELF file is the machine: 40 is ARM.
    printf '\x28' | dd of=plain bs=1 seek=18 conv=notrunc status=none
    run --separate-stderr zmalloc run -b libc ./plain
    [[ ${stderr_lines[0]} = 'zmalloc run: zmalloc cannot serve ./plain: it is a '*'-bit program for ARM, and this zmalloc is '* ]]
}

@test "a program with more rights is told of" {
    [ "$(id -u)" -eq 0 ] || skip "it takes root to make one"
    cp "$(type -P true)" privileged
    chown nobody privileged
    chmod u+s privileged
    cannot_serve 'it runs with more rights than you have (set-user-ID, set-group-ID or capabilities), and nothing is preloaded then' ./privileged
}

@test "what a program inherits is as it was" {
    (
        trap '' CHLD
        zmalloc run -q -b nonsense,libc grep SigIgn /proc/self/status >ignored
        grep SigIgn /proc/self/status >before
    )
    diff before ignored
}

@test "--stats gives a report on stderr, in each form" {
    run --separate-stderr -0 zmalloc run --stats json "$PROGRAM" 1000
    [[ $stderr = '{"schema":'* ]]
    run --separate-stderr -0 zmalloc run --stats=text "$PROGRAM" 1000
    [ -n "$stderr" ]
    run --separate-stderr -0 zmalloc run --stats prometheus "$PROGRAM" 1000
    [[ $stderr = '# HELP '* ]]
}

@test "--stats FORM:FILE adds to the file" {
    zmalloc run --stats json:records "$PROGRAM" 1000
    zmalloc run --stats json:records "$PROGRAM" 1000
    [ "$(grep -c '^{"schema":' records)" -eq 2 ]
}

@test "a wrong form is refused, with the nearest right one" {
    known='the form must be text, json or prometheus, after an optional signal:NAME, and before an optional :FILE'
    refuses "zmalloc run: --stats jsn: $known; did you mean 'json'?" run run --stats jsn ls
    refuses "zmalloc run: --stats jsonx: $known; did you mean 'json'?" run run --stats jsonx ls
    refuses "zmalloc run: --stats=xyzzy: $known" run run --stats=xyzzy ls
    refuses "zmalloc run: --stats json:: no file is named after the colon" run run --stats json: ls
}

@test "--stats takes a signal, and refuses a wrong one" {
    run --separate-stderr -0 zmalloc run --stats signal:USR1 "$PROGRAM" 1000
    [[ $stderr = 'zmalloc '* ]]
    zmalloc run --stats signal:USR1,json:records "$PROGRAM" 1000
    [ "$(grep -c '^{"schema":' records)" -eq 1 ]
    unknown='there is no such signal'
    refuses "zmalloc run: --stats signal:usr1: $unknown; did you mean 'USR1'?" run run --stats signal:usr1 ls
    refuses "zmalloc run: --stats signal:XYZZY: $unknown" run run --stats signal:XYZZY ls
}

@test "wrong options are refused" {
    refuses "zmalloc run: unknown option '--bakcend'; did you mean '--backend'?" \
        run run --bakcend x ls
    refuses "zmalloc run: unknown option '-s'" run run -s ls
    refuses "zmalloc run: option '-b' needs an argument" run run -b
    refuses "zmalloc run: option '--stats' needs an argument" run run --stats
    refuses "zmalloc run: option '--help' takes no argument" run run --help=x
}

@test "no program is bad usage" {
    refuses "zmalloc run: no PROGRAM to run" run run
    refuses "zmalloc run: no PROGRAM to run" run run -b libc --
}

@test "a program that is not found ends with 127" {
    run --separate-stderr -127 zmalloc run no-such-program
    [ "$stderr" = 'zmalloc run: no-such-program: not found in PATH' ]
    run --separate-stderr -127 zmalloc run ./no-such-program
    [ "$stderr" = 'zmalloc run: ./no-such-program: not found' ]
}

@test "a program that is not executable ends with 126" {
    touch file
    run --separate-stderr -126 zmalloc run ./file
    [ "$stderr" = 'zmalloc run: ./file: cannot be executed: Permission denied' ]
    run --separate-stderr -126 zmalloc run /
    [ "$stderr" = 'zmalloc run: /: cannot be executed: Permission denied' ]
}

@test "options after the program are the program's" {
    run -0 zmalloc run -q -b libc echo -b --help
    [ "$output" = '-b --help' ]
}

@test "status and signals are the program's" {
    run -37 zmalloc run sh -c 'exit 37'
    run -143 zmalloc run sh -c 'kill -TERM $$'
}

@test "it becomes the program: the process is the same" {
    "$ZMALLOC_TOOL" run sh -c 'echo $$' >pid &
    wait $!
    [ "$(cat pid)" = $! ]
}
