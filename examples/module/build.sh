#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Builds the module, and has a server for it, for check.sh. The system is left as it is.
#
# usage: examples/module/build.sh
#
# zmalloc is the one that pkg-config finds. SERVER_SOURCE is the source of Redis 7 or of Valkey, with
# its server built in src/. Without it both come from packages of this release, which apt fetches and
# nothing installs: redis 7.0, or else valkey 8.1. Everything goes into ${BUILD_DIR:-build-module}:
#
#   phrases.so, control.so   the module; one that calls the server's zmalloc(), to compare with
#   server                   the script run, which runs what the links server and cli name
#
# The exit status is 77 if there is no server.

# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/own_apt.sh disable=SC1091
. "$root/scripts/own_apt.sh"

take_arguments '' "$@"

no_server() {
    echo "no server: $*" >&2
    exit 77
}

# ---- The server ----

# link_server FOLDER: where there are redis-server and redis-cli, or Valkey's.
link_server() {
    write_run
    for name in valkey redis; do
        [ -x "$1/$name-server" ] || continue
        ln -sfn "$1/$name-server" "$build/server/server"
        ln -sfn "$1/$name-cli" "$build/server/cli"
        return
    done
    return 1
}

# With the libraries that came with it, if there are any.
write_run() {
    cat >"$build/server/run" <<'END'
#!/bin/sh
folder=$(dirname "$0")
libraries=$(cat "$folder/libraries")
[ -z "$libraries" ] || export LD_LIBRARY_PATH="$libraries"
program=$1
shift
exec "$folder/$program" "$@"
END
    chmod +x "$build/server/run"
}

# The system's sources of packages, but with lists of their own, which are up to date.
update_apt() {
    own_apt "$build/apt"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
        [ ! -f "$file" ] || ln -s "$file" "$build/apt/sources.d"
    done
    apt-get update >"$build/apt.log" 2>&1 || true
}

# missing_libraries PACKAGE...: packages of libraries that these need and the system does not have.
missing_libraries() {
    apt-cache depends --important "$@" | sed -n 's/^ *Depends: \(lib[^<>]*\)$/\1/p' | sort -u |
        while read -r library; do
            dpkg -s "$library" >/dev/null 2>&1 || echo "$library"
        done
}

# unpack_server NAME
unpack_server() {
    mkdir -p "$build/packages"
    # shellcheck disable=SC2046
    (cd "$build/packages" && apt-get download "$1-server" "$1-tools" \
        $(missing_libraries "$1-server" "$1-tools")) >>"$build/apt.log" 2>&1 ||
        no_server "apt has no package $1-server; $build/apt.log says more"
    for package in "$build/packages"/*.deb; do
        dpkg-deb -x "$package" "$build/server/root"
    done
    find "$build/server/root" -name 'lib*.so.*' -exec dirname {} + | sort -u |
        tr '\n' ':' | sed 's/:$//' >"$build/server/libraries"
    link_server "$build/server/root/usr/bin" || fail "$1-server has no such program"
}

take_packages() {
    [ ! -f "$build/server/complete" ] || return 0
    name=redis
    "$root/scripts/source_package.sh" redis 7.0 "$build/source" || {
        status=$?
        [ $status -eq 77 ] || exit $status
        name=valkey
        "$root/scripts/source_package.sh" valkey 8.1 "$build/source"
    }
    rm -rf "$build/server" "$build/packages" "$build/apt"
    mkdir -p "$build/server"
    update_apt
    unpack_server "$name"
    echo "$build/source/$name" >"$build/server/source"
    touch "$build/server/complete"
}

take_source() {
    [ -f "$1/src/redismodule.h" ] || refuse "SERVER_SOURCE='$1': there is no src/redismodule.h"
    rm -rf "$build/server"
    mkdir -p "$build/server"
    link_server "$1/src" || refuse "SERVER_SOURCE='$1': there is no built server in src"
    : >"$build/server/libraries"
    echo "$1" >"$build/server/source"
}

# ---- The module ----

# compile OUTPUT WORD...: at once, because another run may have it loaded.
compile() {
    output=$build/$1
    shift
    # shellcheck disable=SC2086
    ${CC:-cc} -O2 -g -Wall -Wextra -fPIC -shared -Wl,-z,now "$@" -o "$output.part"
    mv "$output.part" "$output"
}

# What pkg-config says, and that the library is found there when the module is loaded. The server's folder
# has a zmalloc.h of its own, so only names in quotes are looked for there.
compile_module() {
    flags=$(pkg-config --cflags --libs zmalloc)
    folders=$(pkg-config --libs-only-L zmalloc | sed 's/-L/-Wl,-rpath,/g')
    # shellcheck disable=SC2086
    compile phrases.so -fvisibility=hidden -Wl,-z,defs -iquote "$1/src" "$here"/*.c $flags $folders
}

# Without zmalloc: the server's header, as a module would take it by mistake.
compile_control() {
    cat >"$build/control.c" <<'END'
#include <stddef.h>
#include "zmalloc.h"
void *control(size_t size);
void *control(size_t size) { return zmalloc(size); }
END
    compile control.so -iquote "$1/src" "$build/control.c"
}

pkg-config --exists zmalloc || fail 'pkg-config finds no zmalloc; PKG_CONFIG_PATH says where one is'
mkdir -p "$build"
# One at a time.
exec 9>"$build/lock"
flock 9
if [ -n "${SERVER_SOURCE:-}" ]; then
    take_source "$(full_path "$SERVER_SOURCE")"
else
    take_packages
fi
"$build/server/run" server --version >"$build/version" || no_server 'the program does not start'
source=$(cat "$build/server/source")
compile_module "$source"
compile_control "$source"
