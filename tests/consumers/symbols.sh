#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# What the files of the library define, need and ask of the dynamic linker.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"
need meson ninja nm pkg-config readelf

install_library both "$work/prefix" -Ddefault_library=both
shared=$prefix/lib/libzmalloc.so.1

# ---- What the library exports ----

# Names with their versions, without the versions themselves.
exported_by() {
    nm -D --defined-only "$1" >"$work/symbols" && awk '$2 != "A" {print $3}' "$work/symbols" | sort
}

# Symbols of the functions that the headers declare: comments and directives off, a declaration a
# line, the name before its first parenthesis.
declared() {
    cat "$prefix"/include/*.h |
        sed -e 's|//.*||' -e '/^#.*[^\\]$/d' | tr '\n' ' ' |
        sed -e 's|/\*\([^*]\|\*[^/]\)*\*/||g' | tr ';' '\n' |
        sed -n -e 's/ZMALLOC_ATTRIBUTE.*//' -e 's/ZMALLOC_SYMBOL.*//' \
            -e 's/^.*ZMALLOC_API [^(]*[ *]\([a-z0-9_]*\)(.*$/zml_\1/p' | sort
}

exported_by "$shared" >"$work/exported"
sed -n 's/@@ZMALLOC_1\.0$//p' "$work/exported" >"$work/public"
declared >"$work/declared"

check "the headers declare functions" grep -q -x zml_zmalloc_used_memory "$work/declared"
same "the library exports as ZMALLOC_1.0 what the headers declare" "$work/declared" "$work/public"
sed -e '/@@ZMALLOC_1\.0$/d' -e '/^zm_.*@@ZMALLOC_PRIVATE$/d' "$work/exported" >"$work/rest"
same "all else is zm_ and ZMALLOC_PRIVATE" /dev/null "$work/rest"
nm -D --defined-only "$shared" | awk '$2 == "A" {print $3}' | sed 's/@.*//' | sort >"$work/versions"
printf 'ZMALLOC_1.0\nZMALLOC_PRIVATE\n' >"$work/expected"
same "there are no other versions" "$work/expected" "$work/versions"

# ---- Names ----

# has_no_name_of_others WHAT FILE: of the symbols that the file lists, none is called as theirs are.
has_no_name_of_others() {
    sed -e '/^#/d' "$here/server_names" | sort >"$work/theirs"
    comm -12 "$work/theirs" "$2" >"$work/both"
    same "$1 defines nothing that Redis, Valkey or zlib may bring along" /dev/null "$work/both"
}

sed 's/@.*//' "$work/exported" >"$work/shared"
has_no_name_of_others "the library" "$work/shared"

# For compilers that cannot give a function another symbol.
sed -n 's/^#define \([a-z_]*\) zml_\1$/zml_\1/p' "$prefix/include/zmalloc/names.h" \
    >"$work/renamed"
same "zmalloc/names.h has each function" "$work/declared" "$work/renamed"

# shellcheck disable=SC2046
calls_by_macros() {
    compile_c -DZMALLOC_DEFINE_NAMES "$here/use.c" -o "$work/use" \
        $(flags_of_library --cflags --libs) -Wl,-rpath,"$prefix/lib" -pthread &&
        "$work/use" libc "$prefix/lib" && nm -u "$work/use" | grep ' zml_zmalloc'
}

check "a program runs whose compiler has no other symbols" calls_by_macros

# ---- What it asks of the dynamic linker ----

readelf -dW "$shared" >"$work/dynamic"
readelf -lW "$shared" >"$work/segments"

check "its SONAME is libzmalloc.so.1" grep -q 'SONAME.*\[libzmalloc\.so\.1\]' "$work/dynamic"
check "it is NODELETE" grep -q 'FLAGS_1.*NODELETE' "$work/dynamic"
# shellcheck disable=SC2016
check "its modules are looked for beside it" \
    grep -q 'RUNPATH.*\[\$ORIGIN/zmalloc-1\]' "$work/dynamic"
check "it has no text relocation" absent TEXTREL "$work/dynamic"
nm -D --undefined-only "$prefix/lib/libzmalloc.so" >"$work/undefined"
check "its thread-local storage is initial-exec" absent __tls_get_addr "$work/undefined"
check "it says what its stack needs" grep -q GNU_STACK "$work/segments"
check "which is not to be executable" absent 'GNU_STACK.* R?W?E ' "$work/segments"

# needs_only FILE PATTERN
needs_only() {
    readelf -dW "$1" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' >"$work/needed" &&
        [ -s "$work/needed" ] && ! grep -E -v -x "$2" "$work/needed"
}

system='lib(c|dl|pthread)\.so.*|libc\.musl.*|ld-.*'
check "it needs nothing but the C library" needs_only "$shared" "$system"

# ---- The modules ----

echo zm_module_instance >"$work/expected"
for module in $modules; do
    file=$prefix/lib/zmalloc-1/libzmalloc-$module.so
    exported_by "$file" >"$work/exported"
    same "$module exports its instance alone" "$work/expected" "$work/exported"
    check "$module needs the library, its allocator and the languages' libraries" \
        needs_only "$file" "libzmalloc\.so\.1|lib$module.*|lib(stdc\+\+|gcc_s|m)\.so.*|$system"
    readelf -dW "$file" >"$work/dynamic"
    check "$module has no text relocation" absent TEXTREL "$work/dynamic"
done

# ---- Probes ----

if echo '#include <sys/sdt.h>' | ${CC:-cc} -E - >/dev/null 2>&1; then
    readelf -nW "$prefix/lib/libzmalloc.so.1" >"$work/notes"
    has_probe() {
        grep -A 1 'Provider: otel_memory' "$work/notes" | grep -q "Name: $1$"
    }
    for probe in alloc free; do
        check "there is the probe otel_memory:$probe" has_probe $probe
    done
fi

# ---- The archive ----

# What it defines for others, hidden or not.
nm -g --defined-only "$prefix/lib/libzmalloc.a" | awk 'NF == 3 {print $3}' | sort -u \
    >"$work/archive"
comm -23 "$work/declared" "$work/archive" >"$work/lacking"
same "the archive defines what the headers declare" /dev/null "$work/lacking"
# sys/sdt.h defines one symbol for all probes of a program, which is hidden.
comm -13 "$work/declared" "$work/archive" | sed -e '/^zm_/d' -e '/^_\.stapsdt\.base$/d' >"$work/rest"
same "and zm_ names, and nothing else" /dev/null "$work/rest"
has_no_name_of_others "the archive" "$work/archive"

# The private jemalloc has more functions than we call.
nm -A -g --defined-only "$prefix/lib/libzmalloc.a" |
    awk '/:jemalloc_private\.o:/ {print $3}' | sort >"$work/defined"
nm -u "$prefix/lib/libzmalloc.a" | awk '{print $2}' | sort -u | comm -12 - "$work/defined" \
    >"$work/called"
same "of jemalloc the archive defines what it calls" "$work/called" "$work/defined"

# What a plug-in that holds all of the archive shows to others.
# shellcheck disable=SC2046
exported_with_archive() {
    ${CC:-cc} -shared -o "$work/whole.so" -Wl,--whole-archive "$prefix/lib/libzmalloc.a" \
        -Wl,--no-whole-archive $(beside_archive) &&
        nm -D --defined-only "$work/whole.so" | awk '{print $3}' | sort
}

exported_with_archive >"$work/exported"
same "what holds the archive exports none of it" /dev/null "$work/exported"

# ---- The archive of somebody who wants its functions exported ----

install_library exporting "$work/exporting" $quick -Ddefault_library=static -Dstatic_exports=true
exported_with_archive >"$work/exported"
same "with -Dstatic_exports it exports the functions and nothing else" \
    "$work/declared" "$work/exported"

# ---- The version script, where a compiler has not hidden something already ----

# shellcheck disable=SC2046
link_with_stray() {
    echo 'int stray(void); int stray(void) { return 0; }' >"$work/stray.c"
    ${CC:-cc} -fPIC -shared -fvisibility=default -o "$work/stray.so" "$work/stray.c" \
        -Wl,--version-script="$tree/src/zmalloc.syms" -Wl,--whole-archive \
        "$work/exporting/lib/libzmalloc.a" -Wl,--no-whole-archive \
        $(beside_archive)
}

check "something else is linked with the version script" link_with_stray
exported_by "$work/stray.so" >"$work/exported"
check "which exports what it names" grep -q -x 'zml_zmalloc@@ZMALLOC_1\.0' "$work/exported"
sed -e '/@@ZMALLOC_1\.0$/d' -e '/^zm_.*@@ZMALLOC_PRIVATE$/d' "$work/exported" >"$work/rest"
same "and nothing else" /dev/null "$work/rest"
