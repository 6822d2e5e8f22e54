# SPDX-License-Identifier: BSD-3-Clause

eval svg(900, 380)
set output 'startup.svg'
set multiplot layout 1, 2 title 'A process from its start to its end' font ',15'
set key off
set grid noytics
set grid xtics linetype 1 linecolor rgb '#dddddd'
array most[3]
do for [i = 2:3] {
    stats 'startup.dat' using i nooutput
    most[i] = STATS_max
}
set yrange [-STATS_records + 0.4:0.6]
set ytics scale 0

# Only "empty" is without zmalloc.
bar(name) = name eq 'empty' ? 0x999999 : 0x0072B2

do for [i = 2:3] {
    set title i == 2 ? 'wall time, median (ms)' : 'largest resident memory (MiB)' font ',13'
    set xrange [0:1.15 * most[i]]
    plot 'startup.dat' using (0):(-$0):(0):i:(-$0 - 0.35):(-$0 + 0.35):(bar(strcol(1))): \
            yticlabel(1) title 'programs' with boxxyerror linecolor rgb variable, \
        '' using i:(-$0):(sprintf('%.2f', column(i))) with labels left offset 0.5,0 font ',10' \
            notitle
}
unset multiplot
