# SPDX-License-Identifier: BSD-3-Clause
#
# What the scripts of this folder share beyond those of consumers: the files that scripts/amalgamate.py
# makes, in $made, and how to compile them.
# shellcheck shell=sh source-path=SCRIPTDIR/../consumers source=../consumers/common.sh disable=SC1091
. "$(dirname "$0")/../consumers/common.sh"

need python3

made=$work/made

amalgamate() {
    python3 -B "$tree/scripts/amalgamate.py" --output "$1"
}

check "the one file is made" amalgamate "$made"

# unwinder_of COMPILER FLAG...: what the compiler needs to be told if its unwinder does not link.
unwinder_of() {
    with=$1
    shift
    printf '#include <unwind.h>\nint main(void) { return (int)_Unwind_Backtrace(0, 0); }\n' >"$work/unwind.c"
    # shellcheck disable=SC2086
    $with "$@" "$work/unwind.c" -o "$work/unwind" >"$work/output" 2>&1 || echo -DZMALLOC_NO_UNWINDER
}

# compile OBJECT COMPILER FLAG...: zmalloc.c with nothing but the compiler. A warning is a failure. The
# compiler may be several words.
compile() {
    object=$1 with=$2
    shift 2
    # shellcheck disable=SC2046,SC2086
    $with -Wall -Wextra -Werror "$@" $(unwinder_of "$with" "$@") -c "$made/zmalloc.c" -o "$object"
}

# can COMPILER FLAG...: whether it makes programs with these flags.
can() {
    with=$1
    shift
    echo 'int main(void) { return 0; }' >"$work/empty.c"
    command -v "${with%% *}" >/dev/null || return 1
    # shellcheck disable=SC2086
    $with "$@" "$work/empty.c" -o "$work/empty" >"$work/output" 2>&1
}

# The first of these compilers that is there.
first_of() {
    for compiler; do
        if command -v "$compiler" >/dev/null; then
            echo "$compiler"
            return
        fi
    done
}

not_here() {
    echo "skipped: $script: $1"
}

# Allocators whose backends can be built in: their names, macros and libraries, if they are here.
allocators() {
    echo '#include <mimalloc.h>' >"$work/allocator.c"
    echo 'int main(void) { return mi_malloc(1) == 0; }' >>"$work/allocator.c"
    if ${CC:-cc} "$work/allocator.c" -lmimalloc -o "$work/allocator" 2>/dev/null; then
        echo 'mimalloc -DZMALLOC_WITH_MIMALLOC -lmimalloc'
    fi
    echo '#include <gperftools/tcmalloc.h>' >"$work/allocator.c"
    echo 'int main(void) { return tc_malloc(1) == 0; }' >>"$work/allocator.c"
    if ${CC:-cc} "$work/allocator.c" -ltcmalloc_minimal -o "$work/allocator" 2>/dev/null; then
        echo 'tcmalloc -DZMALLOC_WITH_TCMALLOC -ltcmalloc_minimal'
    fi
}
