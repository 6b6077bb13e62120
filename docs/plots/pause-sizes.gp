# gnuplot pause-sizes.gp
set terminal svg size 800,500 dynamic font 'sans-serif,13' background '#ffffff'
set border 3 lc '#606060'
set tics nomirror out
set grid xtics ytics lc '#dddddd' lw 1
set key below
set style line 1 lc '#0060ad' lw 2 pt 7 ps 0.5
set style line 2 lc '#dd8500' lw 2 pt 5 ps 0.5
set style line 3 lc '#c02020' lw 2 pt 9 ps 0.5
set style line 4 lc '#208040' lw 2 pt 13 ps 0.5
set datafile missing '-'
# The longest message over items.
set output 'pause-sizes.svg'
set title 'The longest a message takes'
set logscale xy
set xlabel 'items, all of them changed'
set ylabel 'ms'
set format x '%.0s%c'
plot 'pause-sizes.dat' using 1:5 with linespoints ls 3 title 'blocking save', \
     '' using 1:4 with linespoints ls 2 title 'in steps, no thread', \
     '' using 1:3 with linespoints ls 1 title 'with the writer thread', \
     '' using 1:2 with linespoints ls 4 title 'no snapshot'
