#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# What the static library has of an allocator that is compiled with our file: one object each, and in it one
# name for others, that of its instance.
#
# usage: hidden.sh NM zmalloc-NAME.o...
set -eu

nm=$1
shift
for object; do
    name=$(basename "$object" .o)
    wanted=zm_instance_${name#zmalloc-}
    found=$("$nm" -g --defined-only "$object" | awk 'NF == 3 {print $3}')
    if [ "$found" != "$wanted" ]; then
        echo "FAILED: $object has more for others than $wanted:"
        echo "$found"
        exit 1
    fi
    echo "ok: $object has nothing for others but $wanted"
done
