# gnuplot life-written.gp
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
# Bytes written over a month.
set output 'life-written.svg'
set title 'What snapshots write over a month'
set xlabel 'day'
set ylabel 'MiB'
set yrange [0:*]
plot 'life.dat' index 0 using 1:6 with lines ls 1 title 'default policy', \
     '' index 1 using 1:6 with lines ls 2 title 'a snapshot every 1,000 messages', \
     '' index 0 using 1:5 with lines ls 4 title 'the feeds', \
     '' index 0 using 1:(2*$5) with lines dt 2 lc '#909090' title 'twice the feeds'
