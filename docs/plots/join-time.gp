# gnuplot join-time.gp
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
set output 'join-time.svg'
set title 'Joining a party'
set logscale xy
set xlabel 'messages in the feeds'
set format x '%.0s%c'
set xrange [8000:1250000]
set ylabel 'time, ms'
plot 'join.dat' index 0 using 2:4 with linespoints ls 1 title '1000 items, from a snapshot', \
     '' index 0 using 2:6 with linespoints ls 1 dt 2 title '1000 items, every block and replay', \
     '' index 0 using 2:3 with points ls 1 pt 1 ps 1 title '1000 items, until the first can be read', \
     'join.dat' index 1 using 2:4 with linespoints ls 2 title '10000 items, from a snapshot', \
     '' index 1 using 2:6 with linespoints ls 2 dt 2 title '10000 items, every block and replay', \
     '' index 1 using 2:3 with points ls 2 pt 1 ps 1 title '10000 items, until the first can be read', \
     'join.dat' index 2 using 2:4 with linespoints ls 3 title '100000 items, from a snapshot', \
     '' index 2 using 2:6 with linespoints ls 3 dt 2 title '100000 items, every block and replay', \
     '' index 2 using 2:3 with points ls 3 pt 1 ps 1 title '100000 items, until the first can be read'
