#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Which allocators the build takes from the system, which from source, and what it says if it can have
# neither. Argument: the source tree of zmalloc.
# shellcheck source-path=SCRIPTDIR source=../consumers/common.sh disable=SC1091
. "$(dirname "$0")/../consumers/common.sh"
need meson ninja tar

# A tree whose subprojects have no source yet.
copy=$work/tree
copy_tree "$copy"
cache=$copy/subprojects/packagecache
mkdir -p "$cache"

# Only what this is about.
setup() {
    rm -rf "$work/build"
    meson setup "$work/build" "$copy" --buildtype=plain -Dtests=disabled -Dtools=disabled -Ddocs=disabled \
        -Dbench=disabled -Dexamples=disabled "$@"
}

# refuses TEXT OPTION...: Meson ends with an error that has this text, and configures nothing.
refuses() {
    text=$1
    shift
    ! setup "$@" >"$work/said" 2>&1 || return 1
    cat "$work/said"
    grep -q "ERROR: .*$text" "$work/said" && [ ! -e "$work/build/build.ninja" ]
}

# goes_on_without TEXT NAME OPTION...: the backend is off, and summary() says why.
goes_on_without() {
    text=$1 name=$2
    shift 2
    setup "$@" >"$work/said" 2>&1 || return 1
    cat "$work/said"
    grep -q "^ *$name *: off, $text" "$work/said"
}

install='either install .*, or let Meson download the source or run scripts/sources.sh'
for name in jemalloc tcmalloc mimalloc; do
    wrap=$name
    [ $name != tcmalloc ] || wrap=gperftools
    forced=--force-fallback-for=$wrap
    check "$name: without source it names both ways" \
        refuses "$name: $forced, and no source of it could be had; $install" \
        "$forced" --wrap-mode=nodownload -D$name=enabled
    check "$name: --wrap-mode=nofallback rules the source out" \
        refuses "$name: $forced, and its source is ruled out by --wrap-mode=nofallback; $install" \
        "$forced" --wrap-mode=nofallback -D$name=enabled
done

check "what nobody demands is off" goes_on_without '--force-fallback-for=mimalloc, and no source' \
    mimalloc --force-fallback-for=mimalloc --wrap-mode=nodownload

# ---- Without objcopy, as on macOS: all programs that there are, but that one ----

mkdir "$work/bin"
echo "$PATH" | tr ':' '\n' | while read -r folder; do
    ln -s "$folder"/* "$work/bin" 2>/dev/null || true
done
rm -f "$work"/bin/*objcopy
everything=$PATH
PATH=$work/bin

hide='and no objcopy to hide its names in the static library: install binutils, or say -Ddefault_library=shared'
for name in tcmalloc mimalloc; do
    forced=--force-fallback-for=mimalloc
    [ $name != tcmalloc ] || forced=--force-fallback-for=gperftools
    check "$name: without objcopy it cannot be in the static library" refuses "$name: $forced, $hide" \
        "$forced" --wrap-mode=nodownload -Ddefault_library=both -D$name=enabled
    check "$name: the shared library does without" refuses "$name: $forced, and no source of it could be had" \
        "$forced" --wrap-mode=nodownload -D$name=enabled
done
check "without objcopy what nobody demands is off" goes_on_without "--force-fallback-for=mimalloc, $hide" mimalloc \
    --force-fallback-for=mimalloc --wrap-mode=nodownload -Ddefault_library=static
PATH=$everything

# ---- A compiler that is lacking ----

CXX=/nonexistent
export CXX
check "without a C++ compiler there is no tcmalloc from source" \
    refuses 'tcmalloc: .*, and its source is in C++, but there is no C++ compiler' \
    --force-fallback-for=gperftools --wrap-mode=nodownload -Dtcmalloc=enabled
unset CXX

# Meson finds one for this machine in its place.
if command -v musl-gcc >/dev/null; then
    check "nor with one for another C library" \
        refuses 'tcmalloc: .*, but the C++ compiler is for another C library than the C compiler' \
        --cross-file "$copy/cross/musl.ini" --wrap-mode=nodownload -Dtcmalloc=enabled
else
    echo "skipped: $script: there is no musl-gcc"
fi

# An archive that is not what the wrap says.
echo 'not an archive' >"$cache/jemalloc-5.3.0.tar.bz2"
check "a wrong checksum is an error" refuses 'jemalloc: .*no source of it could be had' \
    --force-fallback-for=jemalloc --wrap-mode=nodownload -Djemalloc=enabled
check "and Meson says which" grep -q 'Incorrect hash for source' "$work/said"
