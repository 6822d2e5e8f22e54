#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Builds zmalloc so that it counts what is executed, runs the tests, and shows for each file of the
# library which lines and branches none of them took. Fails where those are more than gcovr.cfg
# allows. What the tables leave out is listed below them with its reason.
#
# usage: scripts/coverage.sh        in the folder BUILD_DIR (build-coverage if not said)
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

take_arguments '' "$@"

cd "$(dirname "$0")/.."
mkdir -p "${BUILD_DIR:-build-coverage}"
build=$(cd "${BUILD_DIR:-build-coverage}" && pwd)
runtime=$build/runtime

# A process ends in one of many ways, and gcc writes its counters in few of them.
build_runtime() {
    mkdir -p "$runtime"
    gcc -O1 -Wall -Wextra -Werror -fPIC -D_GNU_SOURCE -shared tests/coverage/endings.c \
        -o "$runtime/libcoverage-endings.so"
    gcc -O1 -Wall -Wextra -Werror -Wno-prio-ctor-dtor -fPIC -c tests/coverage/counters.c -o "$runtime/counters.o"
}

# gcov derives some counts from others. Where threads still run when a process ends these may come
# out below zero, which gcovr does not read: then nothing is known to have been executed.
build_gcov() {
    cat >"$runtime/gcov" <<'END'
#!/bin/sh
gcov "$@"
find . -maxdepth 1 -name '*.gcov' -exec sed -i \
    -e 's/ taken -[0-9]*/ taken 0/' -e 's/ returned -[0-9]*/ returned 0/' -e 's/^ *-[0-9][0-9]*:/    #####:/' {} +
END
    chmod +x "$runtime/gcov"
}

# Without optimization a branch of the source is one branch, and without exceptions a call is none.
# Functions that are always inlined would be counted wherever they are.
configure() {
    folder=$build/$1
    shift
    [ ! -f "$folder/build.ninja" ] || return 0
    endings="$runtime/counters.o $runtime/libcoverage-endings.so"
    counting='-fprofile-update=atomic -fprofile-filter-files=/(src|backends|layers)/'
    logged "$folder.log" env CC=gcc CXX=g++ meson setup "$folder" --buildtype=debug -Dtests=enabled -Dexamples=disabled \
        -Dtools=disabled -Ddocs=disabled -Dbench=disabled \
        "-Dc_args=--coverage -fno-exceptions $counting '-DZM_INLINE=static inline' -DUNDER_COVERAGE=1" \
        "-Dc_link_args=--coverage $endings" "-Dcpp_link_args=--coverage $endings" "$@"
}

# Some processes are another user's.
run_tests() {
    folder=$build/$1
    shift
    chmod -R a+rwX "$folder"
    (umask 0 && meson test -C "$folder" --print-errorlogs --quiet --timeout-multiplier 3 "$@")
}

# The layers over jemalloc, which has every function that a backend can have.
run_shared() {
    configure shared -Dnative=enabled -Djemalloc=enabled -Dtcmalloc=enabled -Dmimalloc=enabled
    for suite in libc native jemalloc tcmalloc mimalloc fail+jemalloc debug+jemalloc preload choice; do
        set -- "$@" --suite $suite
    done
    run_tests shared "$@"
}

# What the static library has in the place of the shared one's; and a build that lacks a backend.
run_static() {
    configure static -Ddefault_library=static -Dnative=disabled
    run_tests static --suite choice
    run_tests static --logbase testlog-others --suite jemalloc profile debug_options
}

list_what_is_left_out() {
    echo
    echo 'Left out:'
    grep -rns 'GCOVR_EXCL_\(LINE\|BR_LINE\|START\|BR_START\)' src backends layers |
        sed 's/^\([^:]*:[0-9]*\):.*GCOVR_EXCL_\([A-Z_]*\): */\1 \2: /; s, *\*/$,,'
    awk '/^#/ { why = substr($0, 3) } /^exclude/ { print FILENAME ":" FNR " " $0 ": " why }' gcovr.cfg
    echo
}

count() {
    gcovr --root . --gcov-executable "$runtime/gcov" "$@"
}

build_runtime
build_gcov
find "$build" -name '*.gcda' -delete
run_shared
run_static
list_what_is_left_out
status=0
count "$build/shared" "$build/static" --json "$build/coverage.json" --txt || status=$?
count --add-tracefile "$build/coverage.json" --branches --txt --fail-under-line 0 --fail-under-branch 0
exit "$status"
