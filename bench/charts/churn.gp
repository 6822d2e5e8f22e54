# SPDX-License-Identifier: BSD-3-Clause

eval svg(900, 460)
set output 'churn.svg'
set title 'Churn on one thread: a block is freed, another takes its place'
set ylabel 'CPU time per operation (ns)'
stats 'churn.dat' using 0 nooutput
set xrange [-0.6:STATS_records - 0.4]
set yrange [0:*]
set key outside bottom center horizontal
set style data histograms
set style histogram clustered gap 1
set boxwidth 0.9

subjects = columns('churn.dat')
n = words(subjects)
position(i) = (i - (n + 1) / 2.0) / (n + 1)
plot for [i = 1:n] 'churn.dat' using i + 1:xticlabel(1) title word(subjects, i) \
        linecolor rgb colour(word(subjects, i)), \
    for [i = 1:n] '' using ($0 + position(i)):i + 1:(sprintf('%.1f', column(i + 1))) \
        with labels font ',9' offset 0,0.4 notitle
