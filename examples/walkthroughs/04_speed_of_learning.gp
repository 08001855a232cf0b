# growth.csv: a row a seed, three logarithms and three predictions. hidden*.csv: a row an epoch, the lengths of all
# hidden layers, first those of all images, then those of one.
array centre[3]
do for [l=1:3] {
  stats 'growth.csv' using (column(l)) skip 1 nooutput
  centre[l] = exp(STATS_mean)
}

eval picture('04_growth', 640, 420)
set title 'Growth of the bias gradient from hidden layer to hidden layer'
set ylabel 'ratio of lengths'
set logscale y
set xrange [0.4:3.6]
set yrange [3:12]
set ytics (3, 4, 5, 6, 8, 10)
set xtics ('1 to 2' 1, '2 to 3' 2, '3 to 4' 3)
set key inside top left
spot(l, seed) = l + 0.3 * (2 * (seed * 0.618 - floor(seed * 0.618)) - 1)
plot for [l=1:3] 'growth.csv' using (spot(l, $0)):(exp(column(l))) skip 1 with points pointtype 7 pointsize 0.5 \
       linecolor rgb colours[5] title l == 1 ? 'a seed' : '', \
     for [l=1:3] '' using (l):(centre[l]) every ::0::0 skip 1 with points pointtype marks[1] pointsize 1.2 \
       linecolor rgb colours[2] title l == 1 ? 'geometric mean' : '', \
     for [l=1:3] '' using (l):(column(l + 3)):(0.4) every ::0::0 skip 1 with xerrorbars pointtype 0 linewidth 2 \
       linecolor rgb colours[1] title l == 1 ? 'predicted' : ''

eval picture('04_training', 960, 420)
set multiplot layout 1,3 title 'Length of the bias gradient: of all images (lines), of one image (dashed)'
set xlabel 'epoch'
set format y '10^{%L}'
set xrange [0:500]
set yrange [1e-5:1e3]
set ytics 10
set xtics 0, 250
unset key
do for [hidden=2:4] {
  set title sprintf('%d hidden layers', hidden)
  if (hidden == 4) { set key top right spacing 1.1 }
  set ylabel hidden == 2 ? 'length' : ''
  plot for [l=1:hidden] sprintf('hidden%d.csv', hidden) using 0:(column(l)) skip 1 with lines linewidth 2.5 \
         linecolor rgb colours[l] title sprintf('layer %d', l), \
       for [l=1:hidden] '' using 0:(column(hidden + l)) skip 1 with lines linewidth 1.5 dashtype 2 \
         linecolor rgb colours[l] notitle
}
unset multiplot
