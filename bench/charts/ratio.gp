# SPDX-License-Identifier: BSD-3-Clause

eval svg(900, 560)
set output 'ratio.svg'
set title 'Time of zmalloc over that of the allocator by itself'
set xlabel 'times as long (1: as fast as the allocator)'
backends = columns('ratio.dat')

stats 'ratio.dat' using 0 nooutput
set yrange [-STATS_records + 0.5:0.5]
set xrange [*<0.9:1.1<*]
set grid xtics linetype 1 linecolor rgb '#dddddd'
set arrow from 1, graph 0 to 1, graph 1 nohead linecolor rgb '#444444' linewidth 1.5 back
set key outside right top

# Each backend has its own height within a row, so points do not cover each other. The labels are
# drawn separately; otherwise there would be one for each backend.
height(i) = (2 - i) * 0.13
plot 'ratio.dat' using (1):(-$0):yticlabel(1) with dots linecolor rgb 'white' notitle, \
    for [i = 1:words(backends)] '' using i + 1:(height(i) - $0) with points \
        title word(backends, i) linecolor rgb colour(word(backends, i)) \
        pointtype shape(word(backends, i)) pointsize 0.7
