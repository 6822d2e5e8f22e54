#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
#
# zmalloc doctor: what it finds in the environment and in programs, and that it runs none of them.
#
# shellcheck disable=SC2030,SC2031,SC2153,SC2154
load common

# A variable that begins as the library's do would be told of.
export tool=${ZMALLOC_TOOL:-$tool}
unset ZMALLOC_TOOL
zmalloc() {
    "$tool" "$@"
}

# What the machine and the developer's shell have is not what is tested.
unset MALLOC_CONF GLIBC_TUNABLES LD_PRELOAD "${!MALLOC_@}" "${!MIMALLOC_@}" "${!TCMALLOC_@}"

# examine ARGUMENT...: all that it finds. Its status is 1 where it warns, else 0, which it says in the
# last line.
examine() {
    run --separate-stderr zmalloc doctor --all "$@"
    if grep -q '^  warning' <<<"$output"; then
        [ "$status" -eq 1 ]
        [[ ${lines[-1]} =~ ^not\ well:\ [1-9][0-9]*\ warning ]]
    else
        [ "$status" -eq 0 ]
        [[ ${lines[-1]} =~ ^healthy:\ 0\ warnings, ]]
    fi
    [ -z "$(without_linkers_warnings "$stderr")" ]
    # On one line, and a blank between words, so that it does not matter where lines end.
    text=$(tr -s ' \n' ' ' <<<"$output")
}

# finds LEVEL TEXT
finds() {
    [[ $text = *" $1 $2"* ]] || {
        echo "no $1: $2"
        echo "$output"
        return 1
    }
}

has() {
    [[ " $AVAILABLE " = *" $1 "* ]]
}

needs_shared_library() {
    [ -n "$LIBRARY" ] || skip "this build has no shared library"
}

@test "every finding has its three parts, and no line is longer than 100 columns" {
    export ZMALLOC_BACKEND=nonsense,libc MALLOC_CONF=a:b ZMALLOC_STATS=xml ZMALLOC_FAIL=nth:1000000
    examine -- "$PROGRAM"
    findings=$(grep -c -E '^  (ok|note|warning) ' <<<"$output")
    [ "$(grep -c '^           means  ' <<<"$output")" = "$findings" ]
    [ "$(grep -c '^           to do  ' <<<"$output")" = "$findings" ]
    for line in "${lines[@]}"; do
        [ "${#line}" -le 100 ]
    done
}

@test "without a variable the default serves, and all groups are there" {
    examine
    finds ok "$(ZMALLOC_BACKEND='' "$CHOSEN" alloc name) "
    finds ok 'No variable of an allocator is set.'
    for group in 'The choice' 'The malloc of the process' 'The system' Variables; do
        grep -q "^$group\$" <<<"$output"
    done
    [[ $text = *"chosen by default_backend=\"$DEFAULT_BACKEND\""* ]]
}

@test "the system is told of" {
    examine
    [[ $text = *'vm.overcommit_memory'* ]]
    [[ $text = *'ransparent huge pages'* || $text = *transparent_hugepage* ]]
    [[ $text = *'max_map_count'* ]]
    [[ $text = *'A page has '* ]]
}

@test "each backend that the environment chooses is said to serve" {
    for backend in $AVAILABLE; do
        ZMALLOC_BACKEND=$backend examine
        finds ok "$backend "
        finds ok 'No variable of an allocator is set.'
        [[ $text = *"serves, chosen by ZMALLOC_BACKEND=\"$backend\""* ]]
    done
}

@test "where there is a Valgrind it is told what that makes of libc" {
    mkdir bin
    printf '#!/bin/sh\n' >bin/valgrind
    chmod +x bin/valgrind
    export PATH=$PWD/bin:$PATH
    ZMALLOC_BACKEND=libc examine
    finds note "Under Valgrind live blocks of libc are \"possibly lost\" (there is $PWD/bin/valgrind)."
    [[ $text = *"ZMALLOC_BACKEND=native valgrind"* ]]
    ZMALLOC_BACKEND=native examine
    [[ $text != *"possibly lost"* ]]
}

@test "a value that chooses nothing is a warning with the line that a program would print" {
    export ZMALLOC_BACKEND=lbic
    line=$("$CHOSEN" name 2>&1) || [ $? -eq 78 ]
    examine
    [ "$status" -eq 1 ]
    finds warning "Nothing can serve: $line"
    [[ $text = *'status 78'* ]]
    [[ $text = *'write libc if that was meant'* ]]
}

@test "an element that is passed over is a warning, with the nearest name" {
    ZMALLOC_BACKEND=naitve,libc examine
    finds warning 'ZMALLOC_BACKEND names "naitve", which is not usable: unknown backend'
    [[ $text = *'the list goes on, and libc serves in its place.'*'write native if that was meant'* ]]
    ZMALLOC_BACKEND=libc,nonsense examine
    [[ $text != *'is not usable'* ]]
    has native || skip "there is no second backend"
    ZMALLOC_BACKEND=nonsense+libc,native examine
    finds warning 'ZMALLOC_BACKEND names "libc", which is not usable: it can, but not with the layers'
}

@test "a layer that does not understand its options is a warning" {
    ZMALLOC_DEBUG=nonsense examine
    [ "$status" -eq 1 ]
    finds warning 'Nothing can serve: zmalloc: ZMALLOC_DEBUG="nonsense":'
}

@test "a limit that is none is a warning" {
    ZMALLOC_LIMIT=nonsense examine
    [ "$status" -eq 1 ]
    finds warning 'Nothing can serve: zmalloc: ZMALLOC_LIMIT="nonsense":'
}

@test "a broken module is a note, and a warning where it is chosen" {
    needs_shared_library
    mkdir modules
    export LD_LIBRARY_PATH=$PWD/modules
    for backend in $AVAILABLE; do
        [[ " $BUILT_IN " = *" $backend "* ]] && continue
        cp "$MODULES/libzmalloc-nosymbol.so" "modules/libzmalloc-$backend.so"
        examine
        finds note "$backend is not usable: failed to start: libzmalloc-$backend.so does not define"
        ZMALLOC_BACKEND=$backend,libc examine
        finds warning "ZMALLOC_BACKEND names \"$backend\", which is not usable: failed to start: "
    done
}

@test "a malloc that is not the C library's is noted, and whose it is" {
    examine
    [ -n "$SANITIZER" ] || finds ok "malloc() is the C library's ("
    [ -n "$OTHER_MALLOC" ] || skip "nothing can be preloaded here"
    LD_PRELOAD=$OTHER_MALLOC examine
    finds note "malloc() is that of ${OTHER_MALLOC##*/}, not the C library's."
    finds note "LD_PRELOAD has \"$OTHER_MALLOC\", which is loaded into every program."
    LD_PRELOAD=$OTHER_MALLOC MALLOC_ARENA_MAX=1 examine
    finds warning 'MALLOC_ARENA_MAX="1" is set for a malloc that is not used.'
}

# examine_beside_complaints ARGUMENT...: the dynamic linker complains to its stderr as well.
examine_beside_complaints() {
    run --separate-stderr zmalloc doctor --all "$@"
    [[ $stderr = 'ERROR: ld.so: '* ]] || skip "this dynamic linker does not complain"
    text=$(tr -s ' \n' ' ' <<<"$output")
}

@test "of a library that cannot be preloaded one thing is said, and it is true" {
    [ -z "$SANITIZER" ] || skip "a sanitizer has to be preloaded first"
    LD_PRELOAD=/nowhere/libjemalloc.so examine_beside_complaints -- true
    [ "$status" -eq 1 ]
    finds warning 'LD_PRELOAD names "/nowhere/libjemalloc.so", which cannot be loaded: cannot open shared object file.'
    [ "$(grep -c libjemalloc.so <<<"$output")" -eq 1 ]
    [[ $text != *'loaded into every program'* ]]
    [ -n "$OTHER_MALLOC" ] || skip "nothing else can be preloaded here"
    LD_PRELOAD="/nowhere/a.so:$OTHER_MALLOC libzmalloc.so.1" examine_beside_complaints -- true
    finds warning 'LD_PRELOAD names "/nowhere/a.so", which cannot be loaded:'
    finds note "LD_PRELOAD has \"$OTHER_MALLOC\", which is loaded into every program."
    [ "$(grep -c -F "$OTHER_MALLOC" <<<"$output")" -eq 1 ]
    [[ $text = *'warning LD_PRELOAD has libzmalloc.so in it.'* ||
        $text = *'warning LD_PRELOAD names "libzmalloc.so.1", which cannot be loaded:'* ]]
}

@test "what others write to stderr is not taken for the reason" {
    [ -z "$SANITIZER" ] || skip "a sanitizer has to be preloaded first"
    export LD_PRELOAD=/nowhere/libabsent.so
    ZMALLOC_BACKEND=nonsense examine_beside_complaints -- true
    finds warning 'Nothing can serve: zmalloc: ZMALLOC_BACKEND="nonsense": '
    needs_shared_library
    sed 's/libzmalloc\.so\.1/libzmalloc.so.7/' "$PROGRAM" >program
    chmod +x program
    examine_beside_complaints -- ./program
    finds warning 'The dynamic linker refuses it: libzmalloc.so.7: cannot open shared object file'
}

@test "options of an allocator that does not serve are a warning" {
    MALLOC_CONF=narenas:1 ZMALLOC_BACKEND=libc examine
    finds warning 'MALLOC_CONF="narenas:1" is set, but jemalloc does not serve.'
    MIMALLOC_SHOW_ERRORS=1 ZMALLOC_BACKEND=libc examine
    finds warning 'MIMALLOC_SHOW_ERRORS="1" is set, but mimalloc does not serve.'
    TCMALLOC_RELEASE_RATE=1 ZMALLOC_BACKEND=libc examine
    finds warning 'TCMALLOC_RELEASE_RATE="1" is set, but tcmalloc does not serve.'
}

@test "options of the allocator that serves are fine, and wrong ones are told" {
    if has jemalloc; then
        MALLOC_CONF=narenas:1 ZMALLOC_BACKEND=jemalloc examine
        finds ok 'MALLOC_CONF="narenas:1" is read by jemalloc when it starts.'
        [[ $text != *'writes to stderr'* ]]
        MALLOC_CONF=nonsense:1 ZMALLOC_BACKEND=jemalloc examine
        finds warning 'A program that starts now writes to stderr: <jemalloc>: Invalid conf pair: nonsense:1'
    fi
    if has mimalloc; then
        MIMALLOC_VERBOSE=1 ZMALLOC_BACKEND=mimalloc examine
        finds ok 'MIMALLOC_VERBOSE="1" is read by mimalloc when it starts.'
        [[ $text != *'writes to stderr'* ]]
        MIMALLOC_USE_NUMA_NODES=1 ZMALLOC_BACKEND=mimalloc examine
        finds ok 'MIMALLOC_USE_NUMA_NODES="1" is read by mimalloc when it starts.'
        MIMALLOC_USE_NUMA_NODES=nonsense ZMALLOC_BACKEND=mimalloc examine
        finds warning 'MIMALLOC_USE_NUMA_NODES="nonsense" has no value that mimalloc takes.'
        MIMALLOC_SHOW_ERROS=1 ZMALLOC_BACKEND=mimalloc examine
        finds warning 'MIMALLOC_SHOW_ERROS is set, which mimalloc does not know.'
        [[ $text = *'the nearest name is MIMALLOC_SHOW_ERRORS.'* ]]
        MIMALLOC_SHOW_ERRORS=1 MIMALLOC_USE_NUMA_NODES=nonsense ZMALLOC_BACKEND=mimalloc examine
        finds warning 'A program that starts now writes to stderr: mimalloc: warning:'
    fi
    if has tcmalloc; then
        TCMALLOC_SKIP_MMAP=1 ZMALLOC_BACKEND=tcmalloc examine
        # A library of the system has its first MiB from the break, before it is told not to take it.
        if [[ $text = *'Nothing can serve'* ]]; then
            finds warning 'Nothing can serve: a program that chooses it is ended by signal'
            [[ $text = *'Out of memory trying to allocate internal tcmalloc data'* ]]
        else
            finds warning 'TCMALLOC_SKIP_MMAP="1" leaves tcmalloc without memory.'
        fi
        TCMALLOC_RELEASE_RATE=1.5 TCMALLOC_AGGRESSIVE_DECOMMIT=t ZMALLOC_BACKEND=tcmalloc examine
        finds ok 'TCMALLOC_RELEASE_RATE="1.5" is read by tcmalloc when it starts.'
        finds ok 'TCMALLOC_AGGRESSIVE_DECOMMIT="t" is read by tcmalloc when it starts.'
        TCMALLOC_RELEASE_RATE=fast TCMALLOC_AGGRESSIVE_DECOMMIT=on TCMALLOC_SKIP_SBKR=1 \
            ZMALLOC_BACKEND=tcmalloc examine
        finds warning 'TCMALLOC_RELEASE_RATE="fast" has no value that tcmalloc takes.'
        finds warning 'TCMALLOC_AGGRESSIVE_DECOMMIT="on" has no value that tcmalloc takes.'
        finds warning 'TCMALLOC_SKIP_SBKR is set, which tcmalloc does not know.'
        [[ $text = *'the nearest name is TCMALLOC_SKIP_SBRK.'* ]]
    fi
}

@test "a mimalloc whose locks a forked child may find taken is told of" {
    has mimalloc || skip "this build has no mimalloc"
    ZMALLOC_BACKEND=mimalloc examine
    [[ $text =~ mimalloc\ ([0-9]+)\.([0-9]+)\.[0-9]+ ]]
    if [ $((BASH_REMATCH[1] * 100 + BASH_REMATCH[2])) -ge 302 ]; then
        finds warning "${BASH_REMATCH[0]} is not made for threads in a forked child."
    else
        [[ $text != *'a forked child'* ]]
    fi
    ZMALLOC_BACKEND=libc examine
    [[ $text != *'a forked child'* ]]
}

@test "variables of the C library's malloc say what they do, and to whom" {
    [ -z "$SANITIZER" ] || skip "malloc is the sanitizer's"
    MALLOC_ARENA_MAX=2 ZMALLOC_BACKEND=libc examine
    finds note 'MALLOC_ARENA_MAX="2" is read by the malloc of the C library.'
    [[ $text = *"It acts on zmalloc's memory too"* ]]
    MALLOC_PERTURB_=1 examine
    finds warning 'MALLOC_PERTURB_="1" is read by the malloc of the C library.'
    MALLOC_PERTUB_=1 examine
    finds note 'MALLOC_PERTUB_ is set, which no allocator here reads.'
    [[ $text = *'is MALLOC_PERTURB_'* ]]
    GLIBC_TUNABLES=glibc.malloc.hugetlb=1 examine
    finds note 'GLIBC_TUNABLES="glibc.malloc.hugetlb=1" sets up the malloc of the C library.'
    GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096 examine
    finds ok 'GLIBC_TUNABLES="glibc.rtld.optional_static_tls=4096" has nothing for malloc.'
    if has jemalloc; then
        MALLOC_ARENA_MAX=2 ZMALLOC_BACKEND=jemalloc examine
        [[ $text = *'It acts on what does not come from zmalloc alone.'* ]]
    fi
}

@test "values that the C library's malloc does not take are a warning" {
    [ -z "$SANITIZER" ] || skip "malloc is the sanitizer's"
    for value in two 2x 128K '' -; do
        [ -n "$value" ] || continue
        MALLOC_ARENA_MAX=$value examine
        [ "$status" -eq 1 ]
        finds warning "MALLOC_ARENA_MAX=\"$value\" is no number."
        [[ $text != *'is read by the malloc'* ]]
    done
    for value in 2 0x10 +2 ' 2'; do
        MALLOC_ARENA_MAX=$value examine
        finds note "MALLOC_ARENA_MAX=\"$value\" is read by the malloc of the C library."
    done
    # All there is, in the way that is usual.
    MALLOC_TRIM_THRESHOLD_=-1 examine
    finds note 'MALLOC_TRIM_THRESHOLD_="-1" is read by the malloc of the C library.'
    MALLOC_TRACE=two examine
    finds note 'MALLOC_TRACE="two" is read by the malloc of the C library.'
}

# The dynamic linker of this system, where it lists its tunables.
needs_tunables() {
    linker=$(sed -n 's/.*\(\/lib[^ ]*\/ld-linux[^ ]*\).*/\1/p' < <(ldd "$tool"))
    "$linker" --list-tunables 2>/dev/null | grep -q 'glibc.malloc.perturb: .*(min: ' ||
        skip "the dynamic linker does not list tunables"
}

@test "tunables that the C library does not know or take are a warning" {
    [ -z "$SANITIZER" ] || skip "malloc is the sanitizer's"
    needs_tunables
    MALLOC_PERTURB_=300 examine
    finds warning 'MALLOC_PERTURB_="300" is not from 0 to 255.'
    MALLOC_ARENA_MAX=0 examine
    finds warning 'MALLOC_ARENA_MAX="0" is less than 1.'
    GLIBC_TUNABLES=glibc.malloc.arenamax=2:glibc.rtld.nns=two:glibc.malloc.perturb=-1:x examine
    finds warning 'GLIBC_TUNABLES names "glibc.malloc.arenamax", which this C library does not know.'
    [[ $text = *'the nearest that there is is glibc.malloc.arena_max.'* ]]
    finds warning 'glibc.rtld.nns="two" is no number.'
    finds warning 'glibc.malloc.perturb="-1" is not from 0 to 255.'
    finds warning 'GLIBC_TUNABLES has "x", which is no NAME=VALUE.'
    GLIBC_TUNABLES=glibc.mallc.arena_max=2 examine
    [[ $text = *'the nearest that there is is glibc.malloc.arena_max.'* ]]
    GLIBC_TUNABLES=glibc.malloc.arena_max=2:glibc.cpu.hwcaps=-AVX2 examine
    finds note 'GLIBC_TUNABLES="glibc.malloc.arena_max=2:glibc.cpu.hwcaps=-AVX2" sets up the malloc'
}

@test "our own variables are told of" {
    ZMALLOC_FAIL=nth:1000000 examine
    finds warning 'ZMALLOC_FAIL="nth:1000000" lets requests for memory fail.'
    ZMALLOC_DEBUG=frames=0 examine
    finds note 'ZMALLOC_DEBUG="frames=0" puts the layer debug over every backend.'
    for limit in 1500M rss:2G,soft:1G soft:80%; do
        ZMALLOC_LIMIT=$limit examine
        finds note "ZMALLOC_LIMIT=\"$limit\" limits the memory of every process."
    done
    ZMALLOC_LIMITS=1500M examine
    finds warning 'ZMALLOC_LIMITS is set, which nothing reads.'
    [[ $text = *'the nearest name that the library knows is ZMALLOC_LIMIT.'* ]]
    for form in json text:/nowhere prometheus:x; do
        ZMALLOC_STATS=$form examine
        finds note "ZMALLOC_STATS=\"$form\" has every process write a report."
    done
    for form in xml jso jsonx textual:x :x json: text:; do
        ZMALLOC_STATS=$form examine
        finds warning "ZMALLOC_STATS=\"$form\" asks for no report: "
    done
    ZMALLOC_STATS=signal:USR1,json examine
    finds note 'ZMALLOC_STATS="signal:USR1,json" has every process write a report.'
    [[ $text = *'Another is written whenever the signal comes.'* ]]
    ZMALLOC_STATS=signal:SIGUSR3 examine
    finds warning 'ZMALLOC_STATS="signal:SIGUSR3" asks for no report: there is no such signal.'
    [[ $text = *'make it USR1, if that is meant.'* ]]
    ZMALLOC_BAKCEND=libc examine
    finds warning 'ZMALLOC_BAKCEND is set, which nothing reads.'
    [[ $text = *'the nearest name that the library knows is ZMALLOC_BACKEND.'* ]]
    ZMALLOC_PORT=7000 examine
    finds note 'ZMALLOC_PORT is set, which the library does not read.'
}

@test "an empty variable is as good as none" {
    MALLOC_CONF='' ZMALLOC_FAIL='' ZMALLOC_LIMIT='' ZMALLOC_STATS='' MIMALLOC_VERBOSE='' \
        ZMALLOC_BACKEND='' examine
    finds ok 'No variable of an allocator is set.'
}

@test "what is quoted cannot write to the terminal" {
    ZMALLOC_BACKEND=$'a\033[2Jb,libc' MALLOC_CONF=$'x\033[2J' run zmalloc doctor
    [[ $output != *$'\033'* ]]
}

# ---- Programs ----

@test "a program that is linked with the library loads this one" {
    needs_shared_library
    examine -- "$PROGRAM"
    finds ok "It loads zmalloc $VERSION, $(realpath "$LIBRARY")."
    [[ $text != *'is another'* ]]
}

@test "a program with the library inside is told from one with it beside" {
    skip_without strip objcopy
    strip -o stripped "$WHOLE_PROGRAM"
    for file in "$WHOLE_PROGRAM" ./stripped; do
        examine -- "$file"
        finds ok "It has zmalloc $VERSION inside, statically linked."
    done
    objcopy -R .note.zmalloc "$WHOLE_PROGRAM" without-note
    examine -- ./without-note
    finds ok 'It has zmalloc of an unknown version inside, statically linked.'
    for backend in $AVAILABLE; do
        [[ " $BUILT_IN " = *" $backend "* ]] && continue
        ZMALLOC_BACKEND=$backend examine -- "$WHOLE_PROGRAM"
        finds warning "The environment chooses $backend, which is a module."
    done
}

@test "another file of the library is noted, and another version" {
    needs_shared_library
    mkdir other
    cp "$LIBRARY" other/libzmalloc.so.1
    cp "$PROGRAM" program
    LD_LIBRARY_PATH=$PWD/other run zmalloc doctor -- ./program
    # The command itself finds its own through its RUNPATH, which comes after the variable.
    [[ $(tr -s ' \n' ' ' <<<"$output") = *"It loads zmalloc $VERSION, $PWD/other/libzmalloc.so.1."* ]]
    patched=$(printf %s "$VERSION" | tr 0-9 7)
    sed "s/zmalloc\\x00$VERSION\\x00/zmalloc\\x00$patched\\x00/" "$WHOLE_PROGRAM" >program
    examine -- ./program
    finds ok "It has zmalloc $patched inside"
    finds note "That is another version than this command's, $VERSION."
}

@test "a library that is not found is a warning" {
    needs_shared_library
    cp "$PROGRAM" program
    examine -- ./program
    if ldd ./program | grep 'libzmalloc.*not found'; then
        [ "$status" -eq 1 ]
        finds warning 'The dynamic linker refuses it: '
        [[ $text = *'libzmalloc.so.1: cannot open shared object file'* ]]
    fi
}

@test "a program that does not use zmalloc is a warning" {
    examine -- true
    [ "$status" -eq 1 ]
    finds warning 'It does not use zmalloc.'
}

@test "scripts and other files are named as such" {
    printf '#!/usr/bin/env python3\n' >script
    printf 'text\n' >text
    head -c 100 "$PROGRAM" >damaged
    chmod +x script text damaged
    examine -- ./script
    finds note 'It is a script, for /usr/bin/env python3.'
    examine -- ./text
    finds warning 'It is neither an ELF program nor a script.'
    examine -- ./damaged
    finds warning 'It is an ELF file, but damaged, or no program.'
}

@test "a program for another machine is a warning" {
    printf '\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x28\0' >arm
    head -c 32 /dev/zero >>arm
    printf '\x7fELF\x02\x02\x01\0\0\0\0\0\0\0\0\0\0\x02\0\x16' >s390
    head -c 44 /dev/zero >>s390
    chmod +x arm s390
    examine -- ./s390
    finds warning 'It is a 64-bit program for '
    examine -- ./arm
    finds warning 'It is a'
}

@test "a set-user-ID program ignores the variables" {
    cp "$PROGRAM" program
    chmod u+s program
    examine -- ./program
    finds note 'It runs with more rights than who starts it:'
    ZMALLOC_BACKEND=libc examine -- ./program
    finds warning 'It runs with more rights than who starts it:'
}

@test "programs are found on PATH, and not found as the shell says it" {
    mkdir bin bin/folder
    cp "$PROGRAM" bin/to-be-found
    touch bin/plain
    export PATH=$PWD/bin:$PATH
    examine to-be-found
    [[ $output = *"The program $PWD/bin/to-be-found"* ]]
    run --separate-stderr -127 zmalloc doctor -- no-such-program
    [ "$stderr" = 'zmalloc doctor: no-such-program: not found in PATH' ]
    run --separate-stderr -127 zmalloc doctor -- ./no-such-program
    [ "$stderr" = 'zmalloc doctor: ./no-such-program: not found' ]
    run --separate-stderr -126 zmalloc doctor -- bin/plain
    [ "$stderr" = 'zmalloc doctor: bin/plain: cannot be executed: Permission denied' ]
    run --separate-stderr -126 zmalloc doctor -- folder
    [ "$stderr" = 'zmalloc doctor: folder: cannot be executed: Permission denied' ]
}

@test "the program is not run" {
    for program in "$PROGRAM" "$WHOLE_PROGRAM"; do
        run zmalloc doctor -- "$program" written
        [ ! -e written ]
        "$program" written
        [ -s written ]
        rm written
    done
}

@test "a dynamic linker that is not ours is not run" {
    skip_without python3
    needs_shared_library
    printf '#!/bin/sh\ntouch "%s/linker-was-run"\n' "$PWD" >linker
    chmod +x linker
    python3 - "$PROGRAM" program "$PWD/linker" <<'END'
import re
import sys

data = open(sys.argv[1], "rb").read()
old = re.search(rb"/lib[^\0]*/ld-linux[^\0]*\0", data)[0]
new = b"./linker\0"
assert len(new) <= len(old)
open(sys.argv[2], "wb").write(data.replace(old, new.ljust(len(old), b"\0")))
END
    chmod +x program
    examine -- ./program
    finds note 'It is linked with libzmalloc.so.1; which file that is is not known.'
    [ ! -e linker-was-run ]
}

# ---- The command ----

@test "what is not as it should be comes first, and the rest with --all" {
    export ZMALLOC_BACKEND=nonsense,libc ZMALLOC_STATS=text
    run --separate-stderr -1 zmalloc doctor
    [ -z "$stderr" ]
    grep -E -o '^  (ok|note|warning) ' <<<"$output" >levels
    sed 's/warning/1&/; s/note/2&/; s/ok/3&/' levels | sort -c
    text=$(tr -s ' \n' ' ' <<<"$output")
    finds warning 'ZMALLOC_BACKEND names "nonsense"'
    finds note 'ZMALLOC_STATS="text"'
    finds ok 'libc '
    # What serves is the answer, in a line; nothing else that is well is there.
    [ "$(grep -c '^  ok ' levels)" -eq 1 ]
    [ "$(grep -c '^           means  ' <<<"$output")" -eq "$(grep -c -v '^  ok' levels)" ]
    more=$(sed -n '$s/.*; \([0-9]*\) more with --all$/\1/p' <<<"$output")
    examine
    [ "$(grep -c -E '^  (ok|note|warning) ' <<<"$output")" -eq $(($(wc -l <levels) + more)) ]
    [[ ${lines[-1]} != *more* ]]
    run zmalloc doctor -a
    [ "${lines[-1]}" = "$(zmalloc doctor --all | tail -n 1)" ]
}

@test "a program that uses zmalloc is an answer, too" {
    run zmalloc doctor -- "$WHOLE_PROGRAM"
    [[ $output = *"  ok       It has zmalloc $VERSION inside, statically linked."* ]]
}

@test "where nothing is wrong there are few lines" {
    zmalloc doctor >lines
    notes=$(grep -c '^  note' lines) || true
    [ "$(grep -v -c '^ *$' lines)" -le $((4 + 12 * notes)) ]
}

@test "--json has everything, with these keys of these types" {
    skip_without python3
    export ZMALLOC_BACKEND=nonsense,fail+libc MALLOC_CONF=$'a:\xff'
    run --separate-stderr -1 zmalloc doctor --json -- "$WHOLE_PROGRAM"
    [ -z "$stderr" ]
    echo "$output" >report.json
    examine -- "$WHOLE_PROGRAM"
    echo "$output" >report.text
    python3 - report.json report.text "$WHOLE_PROGRAM" <<'END'
import json
import re
import sys

with open(sys.argv[1]) as file:
    report = json.load(file)
with open(sys.argv[2], errors="replace") as file:
    text = " ".join(file.read().split())
keys = ["schema", "zmalloc", "healthy", "warnings", "notes", "backend", "program", "findings"]
assert list(report) == keys, list(report)
assert report["schema"] == 1 and report["healthy"] is False
assert report["backend"] == "libc" and report["program"] == sys.argv[3]
levels = {"warning": 0, "note": 0, "ok": 0}
for finding in report["findings"]:
    assert list(finding) == ["group", "level", "finding", "means", "to_do"], finding
    assert finding["group"] in ("choice", "malloc", "system", "variables", "program")
    assert type(finding["finding"]) is str and type(finding["means"]) is str
    assert finding["to_do"] is None or type(finding["to_do"]) is str
    assert finding["to_do"] != "nothing"
    levels[finding["level"]] += 1
    if "MALLOC_CONF" not in finding["finding"]:
        assert " ".join(finding["finding"].split()) in text, finding
assert levels["warning"] == report["warnings"] and levels["note"] == report["notes"]
assert len(re.findall(r" means ", text)) >= len(report["findings"])
END
    ZMALLOC_BACKEND=nonsense run -1 zmalloc doctor --json
    [ "$(json <(echo "$output") 'd["backend"], d["program"]')" = '(None, None)' ]
    ZMALLOC_BACKEND='' MALLOC_CONF='' run zmalloc doctor --json
    [ "$(json <(echo "$output") 'd["healthy"] == (d["warnings"] == 0)')" = True ]
}

@test "on a narrow terminal no word is broken, and nothing is lost" {
    export ZMALLOC_BACKEND=nonsense,libc MALLOC_ARENA_MAX=two ZMALLOC_STATS=xml
    zmalloc doctor --all -- true >wide || true
    for columns in 80 60 40; do
        on_columns "$columns" "$tool" doctor --all -- true
        [ "$status" -eq 1 ]
        fits "$columns"
        diff <(tr -s ' \n' '\n' <wide) <(tr -s ' \n' '\n' <<<"$output")
    done
}

@test "colours are for terminals, and not where NO_COLOR is set" {
    skip_without script
    run script -qec "'$tool' doctor" /dev/null
    [[ $output = *$'\033[32mok'* ]]
    NO_COLOR=1 run script -qec "'$tool' doctor" /dev/null
    [[ $output != *$'\033'* ]]
}

@test "bad usage is named" {
    refuses "zmalloc doctor: unknown option '--hlep'; did you mean '--help'?" doctor doctor --hlep
}

@test "valgrind finds nothing" {
    [ -z "$SANITIZER" ] || skip "the build has a sanitizer"
    skip_without_valgrind
    export ZMALLOC_BACKEND=nonsense,libc MALLOC_CONF=x:y ZMALLOC_STATS=xml MALLOC_ARENA_MAX=1
    for program in "$PROGRAM" "$WHOLE_PROGRAM" true no-such-program; do
        run --separate-stderr valgrind --quiet --leak-check=full --error-exitcode=99 \
            "$tool" doctor -- "$program"
        [ "$status" -ne 99 ]
        [[ $stderr != *==* ]]
    done
}
