#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Uses the library as other projects do, in every way that they can. Runs all scripts of this
# folder, also after one has failed; 77 where all were skipped.
#
# usage: run.sh [SOURCE TREE]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
tree=${1:-$here/../..}
passed=0 skipped='' failed=''

for script in installed subproject cmake cxx zlib dlopen symbols compat profile; do
    status=0
    sh "$here/$script.sh" "$tree" || status=$?
    case $status in
        0) passed=$((passed + 1)) ;;
        77) skipped="$skipped $script" ;;
        *) failed="$failed $script" ;;
    esac
done

echo "$passed passed; skipped:${skipped:- none}; failed:${failed:- none}"
if [ -n "$failed" ]; then
    exit 1
fi
if [ "$passed" -eq 0 ]; then
    exit 77
fi
