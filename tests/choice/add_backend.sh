#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Does what CONTRIBUTING.md says of a new backend to a copy of the tree, with the toy backend, and
# runs the new one's tests: built in, in both forms of the library, and as a module.
#
# usage: add_backend.sh SOURCE_ROOT MESON COMPILER [ARGUMENT...]
set -eu

root=$1 meson=$2
shift 2
CC=$*
export CC
unset CFLAGS LDFLAGS DESTDIR ZMALLOC_BACKEND ZMALLOC_STATS ZMALLOC_DEBUG ZMALLOC_FAIL ZMALLOC_LIMIT LD_LIBRARY_PATH || true
# That it works is shown by a fraction of the long tests.
export ZMALLOC_TEST_SCALE=0.1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir "$tree"
tar -C "$root" -c --exclude=./.git --exclude='./build*' . | tar -C "$tree" -x

logged() {
    "$@" >"$work/log" 2>&1 || {
        cat "$work/log"
        exit 1
    }
}

# The block of code number $1 of the section.
block() {
    awk -v number="$1" '
        /^## / { inside = /Add a backend in three edits/ }
        inside && /^```/ { within = !within; count += within; next }
        inside && within && count == number' "$root/CONTRIBUTING.md"
}

# ---- The edits ----

# Its own version goes, with the function.
sed -e 's/"zmalloc_backend.h"/"base.h"\n#include "platform.h"/' \
    -e 's/^const struct zmalloc_backend zmalloc_backend_module/static const struct zmalloc_backend plain_backend/' \
    -e 's/"toy"/"plain"/' -e 's/= toy_version/= zm_platform_version/' \
    -e '/^static const char \*toy_version/,/^}/d' \
    "$root/tests/support/toy_backend.c" >"$tree/backends/plain.c"
block 1 >>"$tree/backends/plain.c"
block 2 >>"$tree/backends/meson.build"
block 3 >"$work/row"
above=$(sed -n '/^#define OUR_BACKENDS/,/The next one above this line/=' "$tree/src/registry.c" | tail -n 1)
sed -i "$((above - 1))r $work/row" "$tree/src/registry.c"

# ---- What comes of them ----

# setup NAME OPTION...: with this backend and those of the C library, and not optimised, so that it is
# soon done. cmocka may be from source, but only from what is there.
setup() {
    build=$work/$1
    shift
    logged "$meson" setup "$build" "$tree" --wrap-mode=nodownload --werror --buildtype=plain \
        -Dexamples=enabled -Dbench=disabled -Dtools=disabled -Ddocs=disabled -Djemalloc=disabled \
        -Dtcmalloc=disabled -Dmimalloc=disabled "$@"
}

compile() {
    logged "$meson" compile -C "$build"
}

# Builds what these tests need, and no others.
test_it() {
    logged "$meson" test -C "$build" --print-errorlogs "$@"
}

# refuses NAME REASON AVAILABLE
refuses() {
    ! ZMALLOC_BACKEND=$1 "$build/examples/wordcount" "$root/LICENSE" 2>"$work/err" || exit 1
    grep -q "$2; available: $3\$" "$work/err" || {
        cat "$work/err"
        exit 1
    }
}

runs() {
    ZMALLOC_BACKEND=plain "$build/examples/wordcount" "$root/LICENSE" >"$work/out"
    grep -q '^backend=plain ' "$work/out" || {
        cat "$work/out"
        exit 1
    }
    refuses foo 'unknown backend' 'libc native plain'
}

# The suite toy runs all tests with the same backend, as a module. Here they must be listed, and some run.
for_each_backend='accounting aligned blocks controls cxx_pointers free mix realloc stats threads'

has_all_tests() {
    for suite in toy plain; do
        "$meson" test -C "$build" --list --suite $suite 2>/dev/null | sed -n 's|.* / ||p' | sort \
            >"$work/$suite"
    done
    [ -s "$work/toy" ] && [ -z "$(comm -23 "$work/toy" "$work/plain")" ]
}

# The other tests of the choice make builds, and this is one of them.
setup shared -Dtests=enabled
has_all_tests
# shellcheck disable=SC2086
test_it --suite plain $for_each_backend
test_it choice foreign init register
runs
echo "ok: built in"

setup static -Ddefault_library=static -Dtests=disabled
compile
runs
echo "ok: built into the static library"

# A module has of the library what core.h calls, and no more.
sed -i '/zm_platform_version/d; /platform.h/d' "$tree/backends/plain.c"
sed -i "/^backends += {'plain'/,\$s/'built in'/'module'/" "$tree/backends/meson.build"
build=$work/shared
test_it --suite plain mix realloc threads start
test_it choice foreign init register
test -e "$build/libzmalloc-plain.so"
runs
echo "ok: as a module"

build=$work/static
compile
refuses plain 'it is a module, and the static library opens none' 'libc native'
echo "ok: as a module, of which the static library says that it opens none"
