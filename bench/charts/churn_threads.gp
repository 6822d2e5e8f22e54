# SPDX-License-Identifier: BSD-3-Clause

eval svg(900, 600)
set output 'churn_threads.svg'
subjects = 'raw zmalloc redis-style valkey-style'

# One scale for all panels.
most = 0
do for [i = 1:words(subjects)] {
    stats 'churn_threads.dat' using i + 1 nooutput
    most = STATS_max > most ? STATS_max : most
}
set yrange [0:1.05 * most]
set logscale x 2
set xrange [0.9:17.8]
set xtics (1, 2, 4, 8, 16)

set multiplot layout 2, 3 title 'Churn by number of threads' font ',15'
set key off
set xlabel 'threads'
set ylabel 'CPU time per operation (ns)'
do for [backend in blocks('churn_threads.dat')] {
    eval panel
    plot for [i = 1:words(subjects)] 'churn_threads.dat' index backend using 1:i + 1 \
        title word(subjects, i) with linespoints linewidth 2 \
        linecolor rgb colour(word(subjects, i)) pointtype shape(word(subjects, i)) pointsize 0.6
}
eval legend
plot for [i = 1:words(subjects)] NaN title word(subjects, i) \
    with linespoints linewidth 2 linecolor rgb colour(word(subjects, i)) \
    pointtype shape(word(subjects, i)) pointsize 0.6
unset multiplot
