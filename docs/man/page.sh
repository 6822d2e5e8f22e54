#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Makes a man page of its source. scdoc does, but for the version and for two things. A page with
# tables has to say so in its first line: man runs the program for them only then. And words are not
# to be divided: a function's name that is cut in two can be neither found nor copied. scdoc asks for
# that before .TH, which begins it anew; groff from 1.24 on also does at each paragraph, from HY.
#
# usage: page.sh SCDOC VERSION SOURCE >PAGE
set -eu

page=$(sed "s/@VERSION@/$2/" "$3" | "$1")
case $page in
*'
.TS
'*) echo "'\\\" t" ;;
esac
printf '%s\n' "$page" | awk '{ print } /^\.TH / { print ".nh"; print ".nr HY 0" }'
