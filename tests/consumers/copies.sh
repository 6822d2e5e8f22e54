#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Copies of the library in one process, in every combination of shared and archive; hosts and
# plug-ins with functions of the same names in C; and a plug-in with the archive that is closed.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"
need meson ninja nm pkg-config

install_library both "$work/prefix" -Ddefault_library=both
mkdir -p "$prefix/bin"
sources=$here/copies

# The archive's copy of jemalloc needs more thread-local storage than glibc keeps for what is opened
# late.
GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384
export GLIBC_TUNABLES

# ---- Programs and plug-ins ----

# flags_for FORM: shared, or archive.
flags_for() {
    case $1 in
    shared) flags_of_library --cflags --libs ;;
    archive) flags_of_library --cflags --static --libs |
        sed "s|-lzmalloc|$prefix/lib/libzmalloc.a|" ;;
    none) echo ;;
    esac
}

# build_program NAME SOURCE FORM OPTION...: exports what it has, as servers do.
# shellcheck disable=SC2046
build_program() {
    name=$1 source=$2 form=$3
    shift 3
    compile_c "$sources/$source.c" "$@" -o "$prefix/bin/$name" $(flags_for "$form") \
        -rdynamic "$beside_library" -pthread -ldl
}

# shellcheck disable=SC2046
build_plugin() {
    name=$1 source=$2 form=$3
    shift 3
    compile_c -shared -fPIC "$@" "$sources/$source.c" -o "$prefix/bin/$name.so" \
        $(flags_for "$form") "$beside_library"
}

# The backends that both forms have.
backends_of() {
    case $* in
    *archive*) echo "$in_archive" ;;
    *) echo "$backends" ;;
    esac
}

for form in shared archive; do
    check "a program builds, $form" build_program "program-$form" program "$form"
    check "a plug-in builds, $form" build_plugin "plugin-$form" plugin "$form"
done

# ---- Two copies, or one ----

for form in shared archive; do
    for plugin in shared archive; do
        relation=apart
        [ "$form-$plugin" != shared-shared ] || relation=together
        check_backends "program $form, plug-in $plugin" "$(backends_of "$form" "$plugin")" \
            "$prefix/bin/program-$form" "$prefix/bin/plugin-$plugin.so" "$relation"
    done
done

# ---- Names of others ----

# One function for each name; a call of it is one that was ours.
sed -e '/^#/d' -e 's/.*/void &(void); void &(void) { __builtin_trap(); }/' "$here/server_names" \
    >"$work/theirs.c"
check "a host builds with the names of others" \
    build_program host host none -fno-builtin "$work/theirs.c"
for plugin in shared archive; do
    check_backends "a host has those names, plug-in $plugin" "$(backends_of "$plugin")" \
        "$prefix/bin/host" "$prefix/bin/plugin-$plugin.so"
done

check "a plug-in builds with a zmalloc.c of its own" build_plugin own own_plugin none
for form in shared archive; do
    check "a program builds for it, $form" build_program "own-$form" own_program "$form"
    check_backends "a plug-in has its own zmalloc.c, program $form" "$(backends_of "$form")" \
        "$prefix/bin/own-$form" "$prefix/bin/own.so"
done

# ---- Closed ----

check "a program builds that closes a plug-in" build_program closing closing none
for plugin in shared archive; do
    check_backends "the plug-in is closed while threads end, $plugin" "$(backends_of "$plugin")" \
        "$prefix/bin/closing" "$prefix/bin/plugin-$plugin.so"
done
default=$(sed -n "s/.*'default_backend'.*value: '\([a-z]*\)'.*/\1/p" "$tree/meson_options.txt")
check "the same where the first block chooses" \
    "$prefix/bin/closing" "$default" "$prefix/bin/plugin-archive.so"

# ---- C++ ----

# build_cxx OPTION...: unoptimised, so that nothing is inlined and all could be taken from elsewhere.
build_cxx() {
    ${CXX:-c++} -std=c++17 -O0 -Wall -Wextra -Wpedantic -Werror "$@" -ldl
}

if command -v "${CXX:-c++}" >/dev/null; then
    for form in shared archive; do
        # shellcheck disable=SC2046
        check "a program in C++ builds, $form" build_cxx "$sources/program.cpp" \
            -o "$prefix/bin/cxx-$form" $(flags_for "$form") -rdynamic "$beside_library"
    done
    # shellcheck disable=SC2046
    check "a plug-in in C++ builds, archive" build_cxx -DZMALLOC_STATIC -shared -fPIC \
        "$sources/plugin.cpp" -o "$prefix/bin/cxx.so" $(flags_for archive)
    for form in shared archive; do
        check_backends "C++: program $form, plug-in archive" "$in_archive" \
            "$prefix/bin/cxx-$form" "$prefix/bin/cxx.so"
    done
else
    echo "skipped: $script: there is no C++ compiler"
fi
