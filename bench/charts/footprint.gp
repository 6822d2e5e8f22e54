# SPDX-License-Identifier: BSD-3-Clause

eval svg(900, 600)
set output 'footprint.svg'

# A logarithmic scale, so points: the length of a bar would mean nothing.
set logscale y 2
set yrange [6:1024]
set ytics (8, 16, 32, 64, 128, 256, 512, 1024)
set xtics rotate by 90 right

set multiplot layout 2, 3 title 'Resident bytes per object' font ',15'
set key off
set offsets 0.5, 0.5, 0, 0
set xlabel 'size of an object (bytes)'
set ylabel 'bytes per object'
do for [backend in blocks('footprint.dat')] {
    eval panel
    plot 'footprint.dat' index backend using 0:2:xticlabel(1) title 'raw' with points \
            pointtype 4 pointsize 1 linewidth 2 linecolor rgb colour('raw'), \
        '' index backend using 0:3 title 'zmalloc' with points \
            pointtype 7 pointsize 0.5 linecolor rgb colour('zmalloc')
}
eval legend
unset logscale
plot NaN title 'raw' with points pointtype 4 pointsize 1 linewidth 2 \
        linecolor rgb colour('raw'), \
    NaN title 'zmalloc' with points pointtype 7 pointsize 0.5 linecolor rgb colour('zmalloc')
unset multiplot
