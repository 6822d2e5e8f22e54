#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Makes one object file of an allocator's archive in which the symbols listed, NAME OTHER-NAME, have
# other names, and those that are not listed or have "local" after them are local, so that it can
# stand in a library beside another malloc.
#
# usage: make_private.sh ARCHIVE SYMBOLS OUTPUT AR OBJCOPY NM COMPILER [ARGUMENT...]
set -eu
LC_ALL=C
export LC_ALL

archive=$1 symbols=$2 output=$3 ar=$4 objcopy=$5 nm=$6
shift 6

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp "$archive" "$work/archive.a"
sed -e '/^#/d' -e 's/ local$//' "$symbols" >"$work/renamed"
sed -e '/^#/d' -e '/ local$/d' -e 's/.* //' "$symbols" >"$work/global"
(
    cd "$work"
    "$ar" x archive.a
    # operator new and delete: those of the process stay.
    rm -f ./*_cpp.pic.o ./*_cpp.o
)
"$@" -r -nostdlib -o "$work/whole.o" "$work"/*.o

# Without its constructor the allocator starts when it is first called, not in every program.
"$objcopy" --redefine-syms="$work/renamed" --keep-global-symbols="$work/global" \
    --remove-section=.init_array --strip-debug "$work/whole.o" "$output"

# An archive that calls the system by other names than those listed would do so past us.
stray=$("$nm" -u "$output" | sed -n 's/^ *U \(mmap.*\|munmap\|madvise\|mprotect\|sbrk\|open.*\|creat.*\|close\)$/\1/p')
if [ -n "$stray" ]; then
    echo "make_private.sh: $archive calls $stray, which $symbols does not rename" >&2
    exit 1
fi
