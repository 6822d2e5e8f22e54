#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# usage: bench/charts/draw.sh DIR     draws the charts of the data that bench/report has put there
set -eu

if [ $# -ne 1 ] || [ ! -d "$1" ]; then
    echo 'draw.sh: say the folder that the data is in' >&2
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
