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
