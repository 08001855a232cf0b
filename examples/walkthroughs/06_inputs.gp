# Contours are worked out into a block of text, its numbers set off by blanks: x(1) and x(2) take them from a line.
set dgrid3d 61, 61
set contour base
unset surface
x(k) = real(word(strcol(1), k))
set cntrparam levels discrete 0.1, 0.5, 1, 2, 4, 8, 16, 32
set table $positive
splot 'positive_loss.csv' using 1:2:3 skip 1
set table $centred
splot 'centred_loss.csv' using 1:2:3 skip 1
set cntrparam levels discrete 1, 3, 10, 20, 40
set table $unequal
splot 'unequal_best_loss.csv' using 1:2:3 skip 1
set cntrparam levels discrete 0.1, 0.5, 1, 2
set table $scaled
splot 'scaled_best_loss.csv' using 1:2:3 skip 1
unset table
unset dgrid3d

eval picture('06_zigzag', 900, 490)
set multiplot layout 1, 2
set size ratio 1
set grid noxtics noytics
set xlabel 'w_1 less its best value'
set ylabel 'w_2 less its best value'
unset key
set xrange [-3:3]
set yrange [-3:3]
set label 'start' at -2.1, 2.3
set title 'All inputs positive'
plot $positive using (x(1)):(x(2)) with lines linecolor rgb grey, \
     'positive_way.csv' using 1:2 skip 1 with linespoints pointtype marks[2] pointsize 0.5 linewidth 1.5 linecolor rgb colours[1]
set title 'The same inputs, centred'
plot $centred using (x(1)):(x(2)) with lines linecolor rgb grey, \
     'centred_way.csv' using 1:2 skip 1 with linespoints pointtype marks[2] pointsize 0.5 linewidth 1.5 linecolor rgb colours[2]
unset multiplot

eval picture('06_scales', 900, 490)
set multiplot layout 1, 2
unset label
set label 'start' at -1.3, -1.15
set xrange [-2:2]
set yrange [-2:2]
set title 'Standard deviations 1 and 5'
plot $unequal using (x(1)):(x(2)) with lines linecolor rgb grey, \
     'unequal_best_way.csv' using 1:2 skip 1 with linespoints pointtype marks[2] pointsize 0.5 linewidth 1.5 linecolor rgb colours[1]
set title 'Both scaled to 1'
plot $scaled using (x(1)):(x(2)) with lines linecolor rgb grey, \
     'scaled_best_way.csv' using 1:2 skip 1 with linespoints pointtype marks[2] pointsize 0.5 linewidth 1.5 linecolor rgb colours[2]
unset multiplot

eval picture('06_rates', 640, 420)
set size noratio
unset label
set grid ytics
set title 'Gradient descent on all samples'
set xlabel 'step'
set ylabel 'loss'
set xrange [0:100]
set yrange [1e-9:1e4]
set logscale y
set format y '10^{%T}'
set key left bottom at graph 0.04, 0.03
plot 'unequal_above_way.csv' using 0:3 skip 1 with lines linewidth 2.5 linecolor rgb colours[1] title 'unequal, rate 1% above 2/lambda_{max}', \
     'unequal_below_way.csv' using 0:3 skip 1 with lines linewidth 2.5 dashtype (6, 3) linecolor rgb colours[4] title 'unequal, rate 1% below', \
     'unequal_best_way.csv' using 0:3 skip 1 with lines linewidth 2.5 dashtype (2, 2) linecolor rgb colours[3] title 'unequal, best rate', \
     'scaled_best_way.csv' using 0:3 skip 1 with linespoints pointtype marks[2] linewidth 2.5 linecolor rgb colours[2] title 'scaled, best rate'
