#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Does what CONTRIBUTING.md says of a new backend to a copy of the tree, with the toy backend, and
# runs a program with the result: once built in, once as a module.
#
# usage: add_backend.sh SOURCE_ROOT MESON COMPILER [ARGUMENT...]
set -eu

root=$1 meson=$2
shift 2
CC=$*
export CC
unset CFLAGS LDFLAGS DESTDIR ZMALLOC_BACKEND ZMALLOC_STATS ZMALLOC_DEBUG ZMALLOC_FAIL LD_LIBRARY_PATH || true

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree build=$work/build
mkdir "$tree"
(cd "$root" && cp -R meson.build meson_options.txt LICENSE LICENSE.jemalloc ./*.md docs include src backends cmake layers examples "$tree")

# The block of code number $1 of the section.
block() {
    awk -v number="$1" '
        /^## / { inside = /Add a backend in three edits/ }
        inside && /^```/ { within = !within; count += within; next }
        inside && within && count == number' "$root/CONTRIBUTING.md"
}

# The edits.
toy=$tree/backends/toy.c
sed -e 's/"zmalloc_backend.h"/"internal.h"/' \
    -e 's/^const struct zmalloc_backend zmalloc_backend_module/static const struct zmalloc_backend toy_backend/' \
    "$root/tests/toy_backend.c" >"$toy"
block 1 >>"$toy"
block 2 >>"$tree/backends/meson.build"
block 3 >"$work/row"
last=$(sed -n '/^#define OUR_BACKENDS/,/[^\\]$/=' "$tree/src/registry.c" | tail -n 1)
sed -i "$((last - 1))r $work/row" "$tree/src/registry.c"

run() {
    "$meson" compile -C "$build" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    ZMALLOC_BACKEND=toy "$build/examples/wordcount" "$root/CONTRIBUTING.md" >"$work/out"
    grep -q '^backend=toy version=1.0 ' "$work/out" || { cat "$work/out"; exit 1; }
    ! ZMALLOC_BACKEND=foo "$build/examples/wordcount" 2>"$work/err" || exit 1
    grep -q '; available: libc native toy$' "$work/err" || { cat "$work/err"; exit 1; }
}

"$meson" setup "$build" "$tree" --werror -Dtests=disabled -Dexamples=enabled \
    -Dbench=disabled -Dtools=disabled -Ddocs=disabled -Djemalloc=disabled -Dtcmalloc=disabled \
    -Dmimalloc=disabled >"$work/log" 2>&1 ||
    { cat "$work/log"; exit 1; }
run
sed -i "/^backends += {'toy'/,\$s/'built in'/'module'/" "$tree/backends/meson.build"
run
test -e "$build/libzmalloc-toy.so"
echo "toy is a backend, built in and as a module"
