#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Makes one object file of an archive, in which all symbols but one are local: a program that links it
# may have the same allocator, or functions of the same names.
#
# usage: hide_names.sh ARCHIVE SYMBOL OUTPUT OBJCOPY COMPILER [ARGUMENT...]
set -eu

archive=$1 symbol=$2 output=$3 objcopy=$4
shift 4

# Inline functions are in groups, of which a linker keeps one by its name. Local ones would be thrown away
# in favour of the program's, so they leave their groups.
groups=-Wl,--force-group-allocation
trap 'rm -f "$output.whole"' EXIT
"$@" -r -nostdlib "$groups" -o "$output.whole" -Wl,--whole-archive "$archive" -Wl,--no-whole-archive
"$objcopy" --keep-global-symbol="$symbol" "$output.whole" "$output"
