eval picture('05_width', 640, 400)
set title 'Inputs a for which |dy/da| is at least 1'
set xlabel '|w|'
set ylabel 'width of the interval of a'
set xrange [3.5:20.5]
set yrange [0:0.52]
set key right bottom
set arrow from 6.894, 0 to 6.894, 0.4477 nohead linecolor rgb grey dashtype 3
set label '6.894: 0.4477' at 7.1, 0.475
plot 'widths.csv' using 1:3 skip 1 with lines linewidth 2.5 linecolor rgb colours[2] title 'formula', \
     '' using 1:2 skip 1 every 5 with points pointtype marks[1] linecolor rgb colours[1] title "ends by Newton's method on the tape"
unset arrow
unset label

eval picture('05_identity', 900, 400)
set multiplot layout 1, 2
set xrange [0:1]
set yrange [0:1.05]
set xlabel 'x'
set ylabel 'w_2 sigmoid(w_1 x + b)'
set key left top
set title 'The neuron'
plot x with lines linewidth 1.5 linecolor rgb grey title 'x', \
     'identity.csv' using 1:2 skip 1 with lines linewidth 2.5 dashtype (6, 3) linecolor rgb colours[1] title 'by hand', \
     '' using 1:3 skip 1 with lines linewidth 2.5 linecolor rgb colours[2] title 'trained'
set title 'Its error, in the same colours'
set ylabel 'neuron - x'
set yrange [-0.12:0.12]
unset key
plot 0 with lines linewidth 1.5 linecolor rgb grey, \
     'identity.csv' using 1:($2 - $1) skip 1 with lines linewidth 2.5 dashtype (6, 3) linecolor rgb colours[1], \
     '' using 1:($3 - $1) skip 1 with lines linewidth 2.5 linecolor rgb colours[2]
unset multiplot
