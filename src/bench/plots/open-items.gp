# Opening time over items.
set output 'open-items.svg'
set title 'Opening a party'
set logscale xy
set xlabel 'items'
set ylabel 'opening time, ms'
set format x '%.0s%c'
plot 'open.dat' index 1 using 2:3 smooth unique with linespoints ls 3 title 'replay of every message', \
     '' index 1 using 2:4 smooth unique with linespoints ls 2 title 'snapshot, every state made', \
     '' index 1 using 2:5 smooth unique with linespoints ls 1 title 'snapshot, states made when touched', \
     '' index 1 using 2:6 smooth unique with linespoints ls 4 title 'up to the first item'
