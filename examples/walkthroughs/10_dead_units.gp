set datafile missing NaN
eval picture('10_activity', 640, 360)
set title 'How many of the training images a unit is active for'
set xlabel 'share of the images (%)'
set ylabel 'units'
set xrange [-4:100]
set yrange [0:*]
set style fill solid 0.7 noborder
set xtics 0, 20, 100
set boxwidth 2.2
set key top right
bin(x) = x == 0 ? -1.25 : 2.5 * floor(40 * x) + 1.25
plot 'activity.csv' using ($1 == 0 ? bin($1) : NaN):(1) skip 1 smooth frequency with boxes linecolor rgb colours[1] title 'none of them: dead', \
     '' using ($1 > 0 ? bin($1) : NaN):(1) skip 1 smooth frequency with boxes linecolor rgb colours[2] title 'some'

# A curve's number is k + the share of weights kept; the line is the mean of all seeds, the points are theirs.
eval picture('10_tickets', 760, 440)
set multiplot layout 1, 2
set xlabel 'epoch'
set ylabel 'test accuracy (%)' offset 1
set xrange [0.7:8.3]
set yrange [25:86]
set xtics 1, 1, 8
array names[5] = ['all weights', 'ticket', 'new weights', 'new, as large', 'narrow']
at(epoch, id, k) = abs(id - (k - 1 + kept)) < 0.001 ? epoch : NaN
do for [share in '0.1 0.02'] {
  kept = real(share)
  set title sprintf('%g %% of the weights', 100 * kept)
  if (kept < 0.1) { unset key } else { set key bottom right }
  plot for [k = 1:5] 'curves.csv' using (at($2, $1, k)):3 skip 1 with points pointtype marks[k] pointsize 0.35 linecolor rgb colours[k] notitle, \
       for [k = 1:5] '' using (at($2, $1, k)):3 skip 1 smooth unique with linespoints pointtype marks[k] pointsize 0.9 linewidth 1.5 linecolor rgb colours[k] title names[k]
}
unset multiplot
