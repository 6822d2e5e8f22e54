#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Makes a man page of its source. scdoc does, but for the version and for one thing: it asks that no
# word be divided before .TH, which begins that anew. A function's name that is cut in two can be
# neither found nor copied.
#
# usage: page.sh SCDOC VERSION SOURCE >PAGE
set -eu

page=$(sed "s/@VERSION@/$2/" "$3" | "$1")
printf '%s\n' "$page" | awk '{ print } /^\.TH / { print ".nh" }'
