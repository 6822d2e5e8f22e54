#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The man pages as they are built: man shows them without a warning, on 80 columns and with no name
# cut in two, and mandoc, where it is installed, finds nothing but what scdoc makes of every page.
#
# usage: render.sh TREE PAGE...
# shellcheck source-path=SCRIPTDIR/../consumers source=../consumers/common.sh disable=SC1091
. "$(dirname "$0")/../consumers/common.sh"
shift
need man
man --version 2>/dev/null | grep -q '^man [0-9]' || skip "man is another than that of man-db"

renders() {
    LC_ALL=C.UTF-8 MANROFFSEQ='' man --warnings=w -E UTF-8 -l -Tutf8 -Z "$1" >/dev/null \
        2>"$work/warnings" && absent . "$work/warnings"
}

# In ASCII, so that a character is a byte to awk.
show() {
    MANWIDTH=80 man -P cat -l "$1" >"$work/shown" 2>&1
}

fits() {
    awk 'length > 80 { print NR ": " $0; wide = 1 } END { exit wide }' "$work/shown"
}

# What mandoc says of every page that scdoc makes, and why it stays:
#   skipping paragraph macro   scdoc puts an empty line of its own around headings and paragraphs
#   lower case character       mandoc wants titles in capitals; ours are the names of functions
#   input text line longer     than 80 bytes: of what scdoc writes, its marks for bold included
is_clean() {
    mandoc -T lint "$1" >"$work/lint" || true
    grep -v -e 'WARNING: skipping paragraph macro' \
        -e 'STYLE: lower case character in document title' \
        -e 'STYLE: input text line longer than 80 bytes' "$work/lint" >"$work/lint.left" || true
    absent . "$work/lint.left"
}

for page; do
    name=$(basename "$page")
    check "$name: man renders it without a warning" renders "$page"
    check "$name: man shows it" show "$page"
    check "$name: it fits on 80 columns" fits
    check "$name: no name is cut in two" absent '_[a-z]*-$' "$work/shown"
    if command -v mandoc >/dev/null; then
        check "$name: mandoc finds what scdoc makes of every page" is_clean "$page"
    fi
done
