# gnuplot pause.gp
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
# The time of a message that one in N exceeds.
set output 'pause.svg'
set title 'Messages while a snapshot of every item is taken'
set logscale xy
set xlabel 'one message in so many takes longer'
set ylabel 'time of a message, µs'
set format xy '%.0s%c'
plot 'pause.dat' index 0 using 1:2 with lines ls 4 title 'no snapshot', \
     '' index 1 using 1:2 with lines ls 1 title 'with the writer thread', \
     '' index 2 using 1:2 with lines ls 2 title 'in steps, no thread', \
     '' index 3 using 1:2 with lines ls 3 dt 2 title 'the one that waits for a blocking save'
