# Bytes of a snapshot over the share of the items that changed.
set output 'writes.svg'
set title 'What a snapshot writes'
set logscale xy
set xlabel 'items changed since the one before, % of all'
set ylabel 'bytes written, % of a full snapshot'
plot 'writes.dat' index 0 using 1:2 with linespoints ls 1 title 'scattered, one message each', \
     '' index 0 using 1:3 with linespoints ls 2 title 'the same, as SQLite wrote it to its files', \
     '' index 1 using 1:2 with points ls 3 ps 1.2 title '1,000 messages on 50 hot items', \
     x with lines dt 2 lc '#909090' title 'the share itself'
