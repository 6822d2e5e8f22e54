# shellcheck shell=sh disable=SC2034
# SPDX-License-Identifier: BSD-3-Clause
#
# What the scripts of examples/servers have to know of Redis. They source it.

title=Redis

# The series that run on zmalloc. The first one is the default.
known_series=7.0

# What replaces its zmalloc.h, and how its Makefile calls flags that are for itself alone.
compat=zmalloc-redis7
make_variables=REDIS

# What stock is over.
stock_over="the system's jemalloc"

# What build.sh can build beside ours.
stock_builds='stock stock-libc'

# How far jemalloc's used memory may be from that of stock, in percent.
used_within=1

# I/O threads that it is measured with.
bench_threads='1 4'

# Units of its tests, besides the data types, that memory has a part in.
some_units='unit/memefficiency unit/maxmemory unit/other unit/scripting unit/dump integration/rdb
    integration/aof integration/aof-multi-part integration/replication'

# What Meson's suite builds.
checked='ours stock'

# source_options SERIES: for scripts/source_package.sh.
source_options() {
    :
}

# stock_options FOLDER: of make. Debian's sources have a switch for its jemalloc.
stock_options() {
    # shellcheck disable=SC2154
    echo "$system_jemalloc"
}

# Without zmalloc it needs the jemalloc that comes with Redis.
refuses_defragmentation() {
    case $1 in
    stock | stock-libc) true ;;
    *) false ;;
    esac
}

# port_more FOLDER: what is changed beside that which all servers need.
port_more() {
    :
}

# unit_program FOLDER: the program of the tests of its functions, if there is one.
unit_program() {
    :
}
