# shellcheck shell=sh disable=SC2034
# SPDX-License-Identifier: BSD-3-Clause
#
# What the scripts of examples/servers have to know of Valkey. They source it.

title=Valkey

# The series that run on zmalloc. The first one is the default.
known_series='9.1 8.1'

# What replaces its zmalloc.h, and how its Makefile calls flags that are for itself alone.
compat=zmalloc-valkey9
make_variables=SERVER

# What stock is over.
stock_over='the jemalloc that comes with it'

# What build.sh can build beside ours. Only Debian's sources have a switch for the system's jemalloc.
stock_builds='stock stock-libc stock-system'

# How far jemalloc's used memory may be from that of stock, in percent.
used_within=1

# I/O threads that it is measured with.
bench_threads='1 4 8'

# Units of its tests, besides the data types, that memory has a part in.
some_units='unit/memefficiency unit/maxmemory unit/other unit/scripting unit/dump unit/io-threads
    integration/rdb integration/aof integration/aof-multi-part integration/replication'

# What Meson's suite builds.
checked=ours

# source_options SERIES: for scripts/source_package.sh: the releases of Debian with these series. Of
# one the archive keeps no more than the original file.
source_options() {
    case $1 in
    9.1) echo --release sid ;;
    8.1) echo --release trixie --orig ;;
    esac
}

# stock_options FOLDER: of make. A source package may come without the jemalloc; Debian's has a switch
# for the system's then.
stock_options() {
    if [ -f "$1/deps/jemalloc/configure" ]; then
        echo MALLOC=jemalloc
    else
        # shellcheck disable=SC2154
        echo "$system_jemalloc"
    fi
}

# Without zmalloc it needs the jemalloc that comes with Valkey.
refuses_defragmentation() {
    case $1 in
    stock-libc | stock-system) true ;;
    *) false ;;
    esac
}

# port_more FOLDER: what is changed beside that which all servers need. The unit tests of 8.1 name
# the header by its path.
port_more() {
    [ ! -f "$1/src/unit/test_main.c" ] ||
        echo '#include <zmalloc/compat/valkey9/zmalloc.h>' >"$1/src/zmalloc.h"
}

# unit_program FOLDER: the program of the tests of its functions, if there is one.
unit_program() {
    if [ -f "$1/src/unit/main.cpp" ]; then
        echo "$1/src/unit/valkey-unit-gtests"
    elif [ -f "$1/src/unit/test_main.c" ]; then
        echo "$1/src/valkey-unit-tests"
    fi
}
