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
# Time until a party is joined. Each block of the data is parties with the same number of items.
set output 'join-time.svg'
set title 'Joining a party'
stats 'join.dat' using 2 nooutput
blocks = STATS_blocks
set xrange [0.8*STATS_min:1.25*STATS_max]
array items[blocks]
do for [i=1:blocks] {
    stats 'join.dat' index i-1 using 1 nooutput
    items[i] = STATS_min
}
set logscale xy
set xlabel 'messages in the feeds'
set format x '%.0s%c'
set ylabel 'time, ms'
plot for [i=0:blocks-1] 'join.dat' index i using 2:4 with linespoints ls i%4+1 \
         title sprintf('%d items, from a snapshot', items[i+1]), \
     for [i=0:blocks-1] 'join.dat' index i using 2:6 with linespoints ls i%4+1 dt 2 \
         title sprintf('%d items, every block and replay', items[i+1]), \
     for [i=0:blocks-1] 'join.dat' index i using 2:3 with points ls i%4+1 pt 1 ps 1 \
         title sprintf('%d items, until the first can be read', items[i+1])
