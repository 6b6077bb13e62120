# The longest message over items.
set output 'pause-sizes.svg'
set title 'The longest a message takes'
set logscale xy
set xlabel 'items, all of them changed'
set ylabel 'ms'
set format x '%.0s%c'
plot 'pause-sizes.dat' using 1:5 with linespoints ls 3 title 'blocking save', \
     '' using 1:4 with linespoints ls 2 title 'in steps, no thread', \
     '' using 1:3 with linespoints ls 1 title 'with the writer thread', \
     '' using 1:2 with linespoints ls 4 title 'no snapshot'
