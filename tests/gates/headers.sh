#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Each header that is installed, alone and twice, in every standard that a program may ask for, with
# each compiler of this machine, without a warning.
# shellcheck source-path=SCRIPTDIR/../consumers source=../consumers/common.sh disable=SC1091
. "$(dirname "$0")/../consumers/common.sh"
need meson ninja gcc g++

compilers=gcc
for clang in clang clang-14; do
    if command -v "$clang" >/dev/null; then
        compilers="gcc $clang"
        break
    fi
done

install_library headers "$work/prefix" $quick -Dtools=disabled -Ddocs=disabled \
    -Djemalloc=disabled -Dtcmalloc=disabled -Dmimalloc=disabled

c_standards='c99 c11 gnu11 c17'
cxx_standards='c++17 gnu++17 c++20 c++2b'
all_standards="$c_standards c++11 $cxx_standards"

# accepts HEADER COMPILER STANDARD
accepts() {
    printf '#include "%s"\n#include "%s"\nextern int not_empty;\n' "$1" "$1" >"$work/alone.c"
    case $3 in
    *++*) language=c++ ;;
    *) language=c ;;
    esac
    # shellcheck disable=SC2086
    $2 -x "$language" -std="$3" -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
        -Wundef -Werror -fsyntax-only "$work/alone.c"
}

# compiles HEADER COMPILER STANDARD...: in each; says in which it does not.
compiles() {
    header=$1 with=$2
    shift 2
    for standard; do
        echo "-std=$standard"
        accepts "$header" "$with" "$standard" || return 1
    done
}

# refuses HEADER COMPILER STANDARD...: in each it says which header is right.
refuses() {
    header=$1 with=$2
    shift 2
    for standard; do
        echo "-std=$standard"
        ! accepts "$header" "$with" "$standard" 2>"$work/said" || return 1
        grep -q 'older C++ have zmalloc\.h' "$work/said" || return 1
    done
}

find "$prefix/include" -name '*.h' -o -name '*.hpp' | sort >"$work/installed"
check "headers are installed" grep -q '/zmalloc\.h$' "$work/installed"
check "and for C++" grep -q '/zmalloc\.hpp$' "$work/installed"
check "every header of the tree is" test \
    "$(find "$tree/include" -name '*.h' -o -name '*.hpp' | wc -l)" -eq "$(wc -l <"$work/installed")"
# shellcheck disable=SC2086
while read -r header; do
    name=${header#"$prefix/include/"}
    for compiler in $compilers; do
        case $name in
        *.hpp)
            check "$name alone, $compiler" compiles "$header" "$compiler" $cxx_standards
            check "$name without RTTI and exceptions, $compiler" \
                compiles "$header" "$compiler -fno-rtti -fno-exceptions" $cxx_standards
            check "$name is refused as C and as older C++, $compiler" \
                refuses "$header" "$compiler" $c_standards c++11 c++14
            ;;
        *) check "$name alone, $compiler" compiles "$header" "$compiler" $all_standards ;;
        esac
    done
done <"$work/installed"

# ---- Without symbols of other names ----

# shellcheck disable=SC2086
for header in zmalloc.h zmalloc_adapters.h zmalloc_backend.h zmalloc_fail.h zmalloc_sample.h zmalloc_zone.h; do
    check "$header with its names as macros" \
        compiles "$prefix/include/$header" "gcc -DZMALLOC_DEFINE_NAMES" $all_standards
done

# ---- What the compiler knows of blocks ----

# warns_of TEXT LANGUAGE: whether gcc warns of a block that goes to the wrong function.
warns_of() {
    printf '#include <stdlib.h>\n#include "%s"\n%s\n' "$prefix/include/zmalloc.h" "$1" >"$work/freed.c"
    gcc -x "$2" -O2 -Wall -Wextra -c "$work/freed.c" -o "$work/freed.o" >"$work/said" 2>&1
    grep -q 'mismatched-\(dealloc\|new-delete\)' "$work/said"
}

not() {
    ! "$@"
}

# gcc 11 was the first to know which functions belong together.
knows_pairs() {
    [ "$(gcc -dumpversion | cut -d . -f 1)" -ge 11 ]
}

freed_rightly='void use(size_t n);
void use(size_t n)
{
    void *a = zmalloc(n), *b = zrealloc(ztrymalloc(n), 2 * n), *c = ztrycalloc_num(n, n);
    void *d = ztryrealloc(c, n);
    if (d == NULL)
        zfree_with_size(c, n * n);
    zfree(a);
    zfree_usable(b, NULL);
    zfree(zstrdup("text"));
    zfree(ztryreallocarray(d, n, n));
}'

if knows_pairs; then
    for language in c c++; do
        for call in 'zmalloc(n)' 'zcalloc_num(n, 2)' 'ztryrealloc(NULL, n)' \
            'zreallocarray(NULL, n, 2)' 'zmalloc_usable(n, NULL)' 'zmalloc_aligned(64, n)' \
            'ztrymalloc_cache_aligned(n)' 'zstrdup("text")' 'ztrystrdup("text")'; do
            check "$language: gcc warns of free($call)" warns_of \
                "void use(size_t n); void use(size_t n) { (void)n; free($call); }" "$language"
        done
        check "$language: gcc does not warn of what is right" \
            not warns_of "$freed_rightly" "$language"
    done
    check "c++: gcc warns of delete" warns_of \
        "void use(); void use() { delete static_cast<char *>(zmalloc(1)); }" c++
else
    echo "skipped: $script: this gcc does not know which functions belong together"
fi
