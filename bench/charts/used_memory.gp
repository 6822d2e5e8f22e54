# SPDX-License-Identifier: BSD-3-Clause

eval svg(900, 420)
set output 'used_memory.svg'
set title 'zmalloc_used_memory() while threads are alive'
set xlabel 'live threads that have allocated'
set ylabel 'CPU time per call (ns)'
set logscale xy
set xrange [0.9:290]
set yrange [1:*]
set xtics (1, 16, 64, 256)
set key top left
backends = columns('used_memory.dat')

plot for [i = 1:words(backends)] 'used_memory.dat' using 1:i + 1 with linespoints \
    title word(backends, i) linewidth 2 linecolor rgb colour(word(backends, i)) \
    pointtype shape(word(backends, i)) pointsize 0.8
