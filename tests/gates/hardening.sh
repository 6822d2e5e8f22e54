#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# What is installed, built as a distribution does it: which pages can be written or executed, what
# the dynamic linker is asked for, and that a distribution's flags reach every object.
# shellcheck source-path=SCRIPTDIR/../consumers source=../consumers/common.sh disable=SC1091
. "$(dirname "$0")/../consumers/common.sh"
need meson ninja nm readelf strip

flags='-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong'
machine=$(${CC:-cc} -dumpmachine)
case $machine in
x86_64-*) flags="$flags -fcf-protection=full" ;;
esac

install_library hardened "$work/prefix" -Ddefault_library=both -Dbuildtype=debugoptimized -Dc_args="$flags"

# ---- Each object that is ours ----

sections_of() {
    readelf -SW "$1" >"$work/sections"
}

needs_no_executable_stack() {
    sections_of "$1" && grep -q '\.note\.GNU-stack' "$work/sections" &&
        absent '\.note\.GNU-stack .* [A-Z]*X[A-Z]* ' "$work/sections"
}

has_cet_marks() {
    readelf -nW "$1" | grep -q 'x86 feature: IBT, SHSTK'
}

# each_object CHECK [NAME THAT IS LEFT OUT]: says which objects do not pass.
each_object() {
    find "$build" -name '*.o' ! -name "${2:-none}" >"$work/objects"
    [ -s "$work/objects" ] || return 1
    while read -r object; do
        "$1" "$object" || echo "$object"
    done <"$work/objects" >"$work/failing"
    ! grep . "$work/failing"
}

check "no object asks for an executable stack" each_object needs_no_executable_stack
case $flags in
*-fcf-protection*)
    check "every object is marked for IBT and SHSTK, but for the copy of jemalloc" \
        each_object has_cet_marks jemalloc_private.o
    ;;
esac

# The linker gives a file the marks that all that goes into it has.
blocker=''
for object in "$(${CC:-cc} -print-file-name=crti.o)" \
    "$(${CC:-cc} -print-file-name=libjemalloc_pic.a)"; do
    if [ -e "$object" ] && ! has_cet_marks "$object"; then
        blocker="$blocker ${object##*/}"
    fi
done

# ---- Each file that is installed and linked ----

is_sealed() {
    grep -q 'GNU_RELRO' "$work/segments" && grep -q '(FLAGS) .*BIND_NOW' "$work/dynamic"
}

is_position_independent() {
    readelf -hW "$1" | grep -q 'Type: *DYN' && absent TEXTREL "$work/dynamic"
}

has_no_executable_data() {
    grep -q 'GNU_STACK' "$work/segments" && absent ' RWE ' "$work/segments"
}

# Nothing but folders beside the file itself.
# shellcheck disable=SC2016
is_found_anywhere() {
    absent '\(RPATH\)' "$work/dynamic" &&
        ! grep '(RUNPATH)' "$work/dynamic" | grep -v '\[\$ORIGIN/[^:]*\]'
}

# What a debugger reads is for the packager to map, with -ffile-prefix-map.
names_no_folder_of_the_build() {
    strip --strip-debug -o "$work/stripped" "$1" &&
        ! grep -a -o -F -e "$tree" -e "$work" "$work/stripped"
}

find "$prefix" -type f ! -name '*.a' -exec sh -c 'readelf -h "$1" >/dev/null 2>&1' sh {} \; -print |
    sort >"$work/linked"
check "the library is installed" grep -q 'libzmalloc\.so' "$work/linked"
while read -r file; do
    name=${file##*/}
    readelf -dW "$file" >"$work/dynamic"
    readelf -lW "$file" >"$work/segments"
    check "$name is read-only where the linker has written" is_sealed
    check "$name has its code at no fixed place" is_position_independent "$file"
    check "$name has no stack and no data that can be executed" has_no_executable_data
    check "$name is looked for in no fixed place" is_found_anywhere
    check "$name names no folder of its build" names_no_folder_of_the_build "$file"
    case $flags in
    *-fcf-protection*)
        if [ -z "$blocker" ]; then
            check "$name is marked for IBT and SHSTK" has_cet_marks "$file"
        fi
        ;;
    esac
done <"$work/linked"
if [ -n "$blocker" ]; then
    echo "not checked: hardening: IBT and SHSTK of what is linked, which has without them:$blocker"
fi

nm -D --undefined-only "$prefix/lib/libzmalloc.so" >"$work/undefined"
check "_FORTIFY_SOURCE reaches the library" grep -q '__snprintf_chk' "$work/undefined"
