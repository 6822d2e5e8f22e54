#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The library as a Meson subproject, through a wrap-file (an archive) and a wrap-git (a repository),
# both made of the tree and read without a network.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"
need meson ninja git tar gzip sha256sum

# ---- Two ways to get at the sources ----

name=zmalloc-under-test

make_repository() {
    git -c init.defaultBranch=main init -q "$work/$name" &&
        git -C "$work/$name" add -A &&
        git -C "$work/$name" -c user.name=user -c user.email=user@localhost \
            -c commit.gpgsign=false commit -q -m tree
}

# A source_filename without source_url is looked for in packagefiles.
write_wrap_file() {
    archive=subprojects/packagefiles/$name.tar.gz
    mkdir -p "$project/subprojects/packagefiles"
    tar -C "$work" --exclude="$name/.git" -czf "$project/$archive" "$name"
    hash=$(sha256sum "$project/$archive")
    cat >"$project/subprojects/zmalloc.wrap" <<END
[wrap-file]
directory = $name
source_filename = $name.tar.gz
source_hash = ${hash%% *}
END
}

write_wrap_git() {
    mkdir -p "$project/subprojects"
    cat >"$project/subprojects/zmalloc.wrap" <<END
[wrap-git]
directory = $name
url = file://$work/$name
revision = head
END
}

# ---- The project ----

new_project() {
    project=$work/$1
    mkdir "$project"
    cp "$here/project/meson.build" "$here/use.c" "$tree"/tests/compat/*.[ch] \
        "$tree/tests/headers/pointers.h" "$project"
    copy_sources "$project"
}

# Not the library that may be installed on the machine. The allocators are as in this build.
setup_project() {
    # shellcheck disable=SC2086
    meson setup ${SUBPROJECT_OPTIONS:---force-fallback-for=zmalloc} $quick "$@" "$project/build" "$project"
}

says_no_warning() {
    absent WARNING "$project/build/meson-logs/meson-log.txt"
}

build_project() {
    check "$*: the project finds it with dependency('zmalloc')" setup_project "$@"
    check "$*: without a warning of Meson" says_no_warning
    check "$*: it builds" meson compile -C "$project/build" -j 2
    build=$project/build/subprojects/$name
}

check "the sources can be copied" copy_tree "$work/$name"
check "and put into a repository" make_repository

# check_servers WHAT BACKENDS: the headers in the place of those of Redis and Valkey.
check_servers() {
    for server in redis7 valkey9; do
        check_backends "$1: $server runs" "$2" "$project/build/$server"
    done
}

new_project shared
write_wrap_file
build_project -Ddefault_library=shared
check_servers "wrap-file, shared" "$(backends_that_are BUILT_IN) $(backends_that_are MODULE)"
check_backends "wrap-file, shared: it runs" "$(backends_that_are BUILT_IN) \
$(backends_that_are MODULE)" "$project/build/use" "$build"

new_project static
write_wrap_git
build_project -Ddefault_library=static
check_servers "wrap-git, static" "$(backends_that_are BUILT_IN STATIC_)"
check_backends "wrap-git, static: it runs" "$(backends_that_are BUILT_IN STATIC_)" \
    "$project/build/use" nowhere

# Of a project whose sources may all be one.
new_project unity
write_wrap_git
build_project -Ddefault_library=both --unity=on
check_backends "--unity=on: it runs" "$(backends_that_are BUILT_IN)" "$project/build/use" "$build"
