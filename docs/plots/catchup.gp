# gnuplot catchup.gp
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
# Bytes received over the share of the items that changed.
set output 'catchup.svg'
set title 'Catching up'
set logscale xy
set xlabel 'items changed meanwhile, % of all'
set ylabel 'received, KiB'
plot 'catchup.dat' index 0 using 1:2 with linespoints ls 1 title 'each changed once', \
     '' index 0 using 1:3 with lines ls 1 dt 2 title 'the same, by the tail alone', \
     '' index 1 using 1:2 with linespoints ls 2 title 'each changed 10 times', \
     '' index 1 using 1:3 with lines ls 2 dt 2 title 'the same, by the tail alone', \
     '' index 1 using 1:4 with lines dt 3 lc '#909090' title 'the changed records'
