# SPDX-License-Identifier: BSD-3-Clause
#
# What all charts share; loaded before each. A chart turns NAME.dat into NAME.svg in the current
# folder. The colours are Okabe and Ito's, which colour-blind readers can tell apart.

svg(width, height) = sprintf("set terminal svg size %d,%d noenhanced font 'sans-serif,13' \
    background 'white'", width, height)

set encoding utf8
set datafile columnheaders
set border 3 linecolor rgb '#444444'
set tics nomirror scale 0.5 textcolor rgb '#222222'
set grid ytics linetype 1 linecolor rgb '#dddddd'
set key reverse Left samplen 2
set title font ',15'
set style fill solid noborder

# The names of the columns after the first, and those of the blocks.
columns(file) = system("head -n 1 " . file . " | cut -d ' ' -f 2-")
blocks(file) = system("sed -n 's/^# //p' " . file)

# A subject or a backend looks the same in every chart.
colour(name) = \
    name eq 'raw' ? '#999999' : name eq 'zmalloc' ? '#0072B2' : \
    name eq 'redis-style' ? '#D55E00' : name eq 'valkey-style' ? '#E69F00' : \
    name eq 'libc' ? '#000000' : name eq 'native' ? '#56B4E9' : \
    name eq 'jemalloc' ? '#D55E00' : name eq 'tcmalloc' ? '#009E73' : '#CC79A7'
shape(name) = \
    name eq 'raw' || name eq 'libc' ? 7 : name eq 'zmalloc' || name eq 'native' ? 5 : \
    name eq 'redis-style' || name eq 'jemalloc' ? 9 : \
    name eq 'valkey-style' || name eq 'tcmalloc' ? 11 : 13

# A multiplot has a panel for each backend, and the legend in the place after the last.
panel = "set title backend font ',13' offset 0,-0.5"
legend = "unset title; unset border; unset tics; unset grid; unset xlabel; unset ylabel; \
    set key at graph 0.1, 0.8 left top"
