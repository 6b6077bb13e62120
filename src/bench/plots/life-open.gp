# Opening time over a month.
set output 'life-open.svg'
set title 'Opening a party over a month'
set xlabel 'day'
set ylabel 'opening time, ms'
set yrange [0:*]
plot 'life.dat' index 0 using 1:3 with linespoints ls 1 title 'default policy', \
     '' index 1 using 1:3 with linespoints ls 2 title 'a snapshot every 1,000 messages', \
     100 with lines dt 2 lc '#909090' title 'what the policy promises'
