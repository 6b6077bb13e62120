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
