#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The installed library, found through pkg-config: shared, moved elsewhere, static.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/wraps.sh disable=SC1091
. "$tree/scripts/wraps.sh"
need meson ninja pkg-config readelf
scdoc=$(command -v scdoc || true)
# The command needs jansson.
has_tool=
! pkg-config --exists jansson || has_tool=yes

# ---- What is installed, in a stage first ----

list_files() {
    (cd "$1" && find . ! -type d | sort | while read -r file; do
        if [ -L "$file" ]; then
            echo "$file -> $(readlink "$file")"
        else
            echo "$file"
        fi
    done)
}

# The functions that the library exports, by their names in C.
list_functions() {
    sed -n '/local:/q; s/^ *zml_\([a-z_]*\);$/\1/p' "$tree/src/zmalloc.syms"
}

# Each function leads to the page that describes it.
list_man_pages() {
    [ -n "$scdoc" ] || return 0
    [ -z "$has_tool" ] || echo ./share/man/man1/zmalloc.1
    echo ./share/man/man3/zmalloc.3
    echo ./share/man/man3/zmalloc_backend.3
    echo ./share/man/man7/zmalloc.7
    list_functions | grep -v '^zmalloc$' | while read -r function; do
        case $function in
        zmalloc_register_backend | zmalloc_backend_table) page=zmalloc_backend.3 ;;
        *) page=zmalloc.3 ;;
        esac
        echo "./share/man/man3/$function.3 -> $page"
    done
}

# An allocator from source brings its licence.
list_licences() {
    while read -r wrap licence; do
        [ ! -d "$build/subprojects/$(of_wrap "$wrap" directory)" ] || echo "./share/$licence"
    done <<END
jemalloc licenses/jemalloc/COPYING
gperftools doc/gperftools/COPYING
mimalloc doc/mimalloc/LICENSE
END
}

list_expected() {
    cat <<END
./include/zmalloc.h
./include/zmalloc.hpp
./include/zmalloc/compat/jemalloc/jemalloc.h
./include/zmalloc/compat/redis7/zmalloc.h
./include/zmalloc/compat/valkey9/jemalloc/jemalloc.h
./include/zmalloc/compat/valkey9/zmalloc.h
./include/zmalloc/compat/zmalloc_compat.h
./include/zmalloc/names.h
./include/zmalloc_adapters.h
./include/zmalloc_backend.h
./include/zmalloc_fail.h
./include/zmalloc_new_delete.hpp
./include/zmalloc_sample.h
./include/zmalloc_zone.h
./lib/cmake/zmalloc/zmalloc-config-version.cmake
./lib/cmake/zmalloc/zmalloc-config.cmake
./lib/libzmalloc-redis7.a
./lib/libzmalloc-valkey9.a
./lib/libzmalloc.a
./lib/libzmalloc.so -> libzmalloc.so.1
./lib/libzmalloc.so.1 -> libzmalloc.so.1.0.0
./lib/libzmalloc.so.1.0.0
./lib/pkgconfig/zmalloc-redis7.pc
./lib/pkgconfig/zmalloc-valkey9.pc
./lib/pkgconfig/zmalloc.pc
./lib/zmalloc-preload/libzmalloc-preload.so
./share/doc/zmalloc/CHANGELOG.md
./share/doc/zmalloc/LICENSE
./share/doc/zmalloc/README.md
./share/doc/zmalloc/adapters.md
./share/doc/zmalloc/command.md
./share/doc/zmalloc/comparison.md
./share/doc/zmalloc/compatibility.md
./share/doc/zmalloc/debugging.md
./share/doc/zmalloc/design.md
./share/doc/zmalloc/environment.md
./share/doc/zmalloc/failing.md
./share/doc/zmalloc/install.md
./share/doc/zmalloc/limits.md
./share/doc/zmalloc/memory_order.md
./share/doc/zmalloc/porting.md
./share/doc/zmalloc/preload.md
./share/doc/zmalloc/stats.schema.json
./share/doc/zmalloc/using.md
./share/doc/zmalloc/zones.md
END
    if [ -n "$has_tool" ]; then
        echo ./bin/zmalloc
        echo ./share/bash-completion/completions/zmalloc
        echo ./share/fish/vendor_completions.d/zmalloc.fish
        echo ./share/zsh/site-functions/_zmalloc
    fi
    list_man_pages
    list_licences
    for backend in $backends; do
        [ "$backend" != jemalloc ] || echo ./share/doc/zmalloc/LICENSE.jemalloc
    done
    for module in $modules; do
        echo "./lib/zmalloc-1/libzmalloc-$module.so"
    done
}

# In its place, which no other script uses, so that it can be moved away.
install_library both "$builds/both.prefix" -Ddefault_library=both
list_expected | sort >"$work/expected"
list_files "$prefix" >"$work/found"
same "exactly the expected files are installed" "$work/expected" "$work/found"

check "it installs under DESTDIR" \
    locked env DESTDIR="$work/stage" meson install -C "$build" --no-rebuild
list_files "$work/stage$place" >"$work/found"
same "the same files are there" "$work/expected" "$work/found"
(cd "$work/stage" && find . ! -type d ! -path ".$place/*") >"$work/found"
same "and none beside them" /dev/null "$work/found"
rm -rf "$work/stage"

finds_each_function() {
    list_functions | while read -r function; do
        man -M "$prefix/share/man" -w 3 "$function" || exit 1
    done
}

if [ -n "$scdoc" ] && man --version >/dev/null 2>&1; then
    check "man finds each function" finds_each_function
fi

# ---- Shared ----

# shellcheck disable=SC2046
build_shared() {
    mkdir -p "$prefix/bin"
    compile_c "$here/use.c" -o "$prefix/bin/use" $(flags_of_library "$@" --cflags --libs) \
        "$beside_library" -pthread
}

check "a program links with pkg-config --cflags --libs" build_shared
check_backends "it runs" "$backends" "$prefix/bin/use" "$prefix/lib"

# ---- The command ----

# An absolute path, and nothing in the environment: what it needs it finds beside itself.
finds_its_library() {
    ZMALLOC_BACKEND=native "$prefix/bin/zmalloc" run "$prefix/bin/use" native "$prefix/lib" &&
        "$prefix/bin/zmalloc" --version | grep -x "zmalloc [0-9.]*"
}

check_command() {
    if [ -n "$has_tool" ]; then
        check "$1" finds_its_library
    else
        echo "skipped: $script: there is no jansson, so no command zmalloc"
    fi
}

check_command "the command runs"

# ---- Static ----

# shellcheck disable=SC2046
build_static() {
    compile_c "$here/use.c" -o "$work/use-static" $(flags_of_library --cflags) "$@" -pthread
}

is_linked_statically() {
    readelf -dW "$work/use-static" >"$work/dynamic" &&
        absent 'NEEDED.*libzmalloc' "$work/dynamic"
}

# What the message of a static program that is asked for a module says.
refusal() {
    # shellcheck disable=SC2086
    echo "zmalloc: ZMALLOC_BACKEND=\"$1\": \"$1\": not in this build: it is a module, and the" \
        "static library opens none; available:" $available
}

# In the order in which the library lists its backends.
available=$(sed -n 's/^ *ROW(\([a-z0-9_]*\),.*/\1/p' "$tree/src/registry.c" |
    while read -r name; do
        echo "$in_archive" | grep -x "$name" || true
    done)

check_static() {
    check "$1: the library is in the program" is_linked_statically
    check_backends "$1 runs" "$in_archive" "$work/use-static" nowhere
    for module in $modules; do
        ! echo "$in_archive" | grep -q -x "$module" || continue
        check "$1: $module is refused with status 78" ends_with 78 "$(refusal "$module")" \
            env ZMALLOC_BACKEND="$module" "$work/use-static" "$module" nowhere
    done
}

static_flags=$(flags_of_library --static --libs)
bstatic_flags=$(echo "$static_flags" | sed 's/-lzmalloc/-Wl,-Bstatic -lzmalloc -Wl,-Bdynamic/')
# shellcheck disable=SC2086
check "a program links with -Bstatic in pkg-config --static --libs" build_static $bstatic_flags
check_static "with -Bstatic it"

by_path_flags=$(echo "$static_flags" | sed "s|-lzmalloc|$prefix/lib/libzmalloc.a|")
# shellcheck disable=SC2086
check "a program links libzmalloc.a by its path" build_static $by_path_flags
check_static "with libzmalloc.a it"

is_fully_static() {
    readelf -lW "$work/use-static" >"$work/segments" &&
        absent INTERP "$work/segments"
}

echo 'int main(void) { return 0; }' >"$work/empty.c"
if compile_c -static "$work/empty.c" -o "$work/empty" 2>/dev/null; then
    # shellcheck disable=SC2086
    check "a program links with -static, without a warning" \
        build_static -static -Wl,--fatal-warnings $static_flags
    check "it needs no dynamic linker" is_fully_static
    check_static "with -static it"
else
    echo "skipped: $script: there is no static C library"
fi

# ---- Moved ----

# The old place is gone: everything must be found from the new one.
mv "$prefix" "$work/moved"
prefix=$work/moved
check_backends "moved elsewhere it runs" "$backends" "$prefix/bin/use" "$prefix/lib"
check_command "moved elsewhere the command runs"
check "a program links there" build_shared --define-variable=prefix="$prefix"
check_backends "that one runs" "$backends" "$prefix/bin/use" "$prefix/lib"

# ---- Static alone ----

install_library static "$builds/static.prefix" $quick -Ddefault_library=static
list_expected | grep -v -e '/libzmalloc.*\.so' | sort >"$work/expected"
list_files "$prefix" >"$work/found"
same "neither library nor modules are installed as shared objects" "$work/expected" "$work/found"
# shellcheck disable=SC2046
check "a program links with plain pkg-config --libs" build_static $(flags_of_library --libs)
check_static "with the static library alone it"
