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
