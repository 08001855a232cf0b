# 200 rows a net. Nets 0 to 8 are simple cells, three radii each: linear, tanh, and tanh with a large U. 9 to 11 are
# LSTMs whose gates are cut off, 12 to 14 whole ones, of three biases each.
row(net) = 200 * net
step(place) = int(place) % 200 + 1
radius(i) = word('0.8 1.0 1.3', i + 1)
bias(i) = word('1.0 3.0 5.3', i + 1)

eval picture('03_simple', 780, 500)
set title 'Simple cells: gradient of a loss at step 200'
set xlabel 'time step t'
set ylabel 'RMS gradient at z_t'
set logscale y
set format y '10^{%L}'
set xrange [0:200]
set yrange [1e-55:1e25]
set ytics 1e-50, 1e10, 1e20
set key outside right center samplen 3.5
plot for [i=0:2] 'gradients.csv' using (step($0)):1 every ::row(i)::(row(i + 1) - 1) skip 1 with lines \
       linewidth 2 dashtype 2 linecolor rgb colours[i + 1] title 'linear, '.radius(i), \
     for [i=0:2] '' using (step($0)):1 every ::row(i + 3)::(row(i + 4) - 1) skip 1 with lines \
       linewidth 2.5 linecolor rgb colours[i + 1] title 'tanh, '.radius(i), \
     for [i=0:2] '' using (step($0)):1 every ::row(i + 6)::(row(i + 7) - 1) skip 1 with lines \
       linewidth 2.5 dashtype 3 linecolor rgb colours[i + 1] title 'large U, '.radius(i), \
     '' using (step($0)):2 every ::row(3)::(row(4) - 1) skip 1 with lines linecolor rgb grey title 'tanh, 0.8, at x_t'

eval picture('03_lstm', 780, 500)
set title 'LSTMs beside a tanh cell: gradient of a loss at step 200'
set ylabel 'RMS gradient at z_t (of an LSTM: its cell)'
set yrange [1e-30:1e5]
set ytics 1e5
set key spacing 1.4
plot for [i=0:2] 'gradients.csv' using (step($0)):1 every ::row(i + 12)::(row(i + 13) - 1) skip 1 with lines \
       linewidth 2.5 linecolor rgb colours[i + 1] title 'LSTM, bias '.bias(i), \
     for [i=0:2] '' using (step($0)):1 every ::row(i + 9)::(row(i + 10) - 1) skip 1 with lines \
       linewidth 2 dashtype 2 linecolor rgb colours[i + 1] title 'cell alone, '.bias(i), \
     '' using (step($0)):1 every ::row(3)::(row(4) - 1) skip 1 with lines linewidth 2 linecolor rgb grey \
       title 'tanh, radius 0.8'

eval picture('03_clipping', 860, 400)
set multiplot layout 1,2
set xlabel 'update'
set xrange [1:60]
set title 'Length of the update (seed 1)'
set ylabel 'length'
set yrange [1e-3:1e2]
set ytics 10
set key inside top right spacing 1.25 samplen 2.5
is(s, limited) = column(2) == s && (column(1) == 1) == limited
plot 'updates.csv' using 3:(is(1, 0) ? $5 : NaN) skip 1 with lines linewidth 2.5 linecolor rgb colours[1] \
       title 'no limit', \
     '' using 3:(is(1, 1) ? $4 : NaN) skip 1 with lines linewidth 1.5 dashtype 3 linecolor rgb colours[2] \
       title 'asked for', \
     '' using 3:(is(1, 1) ? $5 : NaN) skip 1 with lines linewidth 2.5 linecolor rgb colours[2] title 'made, limit 1'
set title 'Loss (six seeds)'
set ylabel 'mean squared error'
unset logscale y
set format y '%g'
set yrange [0:3]
set ytics 0.5
plot for [s=1:6] 'updates.csv' using 3:(is(s, 0) ? $6 : NaN) skip 1 with lines linewidth 1.5 \
       linecolor rgb colours[1] title s == 1 ? 'no limit' : '', \
     for [s=1:6] '' using 3:(is(s, 1) ? $6 : NaN) skip 1 with lines linewidth 1.5 \
       linecolor rgb colours[2] title s == 1 ? 'limit 1' : ''
unset multiplot
