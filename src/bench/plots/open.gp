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
