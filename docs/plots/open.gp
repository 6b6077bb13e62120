# gnuplot open.gp
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
# Opening time over messages: parties of as many items as the first.
set output 'open.svg'
set title 'Opening a party'
set logscale xy
set xlabel 'messages in the feeds'
set ylabel 'opening time, ms'
set format x '%.0s%c'
plot 'open.dat' index 0 using 1:3 smooth unique with linespoints ls 3 title 'replay of every message', \
     '' index 0 using 1:4 smooth unique with linespoints ls 2 title 'snapshot, every state made', \
     '' index 0 using 1:5 smooth unique with linespoints ls 1 title 'snapshot, states made when touched', \
     '' index 0 using 1:6 smooth unique with linespoints ls 4 title 'up to the first item'
