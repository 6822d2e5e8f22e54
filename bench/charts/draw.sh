#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# usage: bench/charts/draw.sh DIR     draws charts of the data that bench/report wrote into DIR
set -eu

if [ $# -ne 1 ] || [ ! -d "$1" ]; then
    echo 'draw.sh: needs one argument, the folder with the data' >&2
    exit 2
fi

charts=$(cd "$(dirname "$0")" && pwd)
cd "$1"
for chart in "$charts"/*.gp; do
    name=$(basename "$chart" .gp)
    [ "$name" != style ] || continue
    if [ ! -f "$name.dat" ]; then
        echo "draw.sh: $1/$name.dat is missing" >&2
        exit 1
    fi
    gnuplot "$charts/style.gp" "$chart"
done
