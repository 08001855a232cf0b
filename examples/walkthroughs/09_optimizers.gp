eval picture('09_momentum', 760, 380)
set multiplot layout 1, 2
set title 'Down the valley, 60 steps'
set xlabel 'w1 (along)'
set ylabel 'w2 (across)' offset 1
set xrange [-4.4:2.6]
set yrange [-1.75:1.15]
set key bottom right
do for [c in '0.1 0.5 1.5 4 8 14'] {
  set object ellipse center 0,0 size 2 * sqrt(2 * c), 2 * sqrt(2 * c / 25) linewidth 0.5 fillstyle empty border rgb '#cccccc' back
}
plot 'plain.csv' using 2:3 skip 1 with linespoints pointtype marks[2] pointsize 0.45 linecolor rgb colours[2] title 'plain SGD', \
     'momentum.csv' using 2:3 skip 1 with lines linewidth 2 linecolor rgb colours[1] title 'momentum 0.9', \
     '' using 4:5 skip 1 with points pointtype 6 pointsize 1 linecolor rgb colours[7] title 'by the sums'
unset object
set title 'The loss'
set xlabel 'step'
set ylabel 'loss' offset 1
set xrange [0:60]
set yrange [*:*]
set logscale y
set format y '10^{%T}'
set key top right
loss(x, y) = x * x / 2 + 12.5 * y * y
plot 'plain.csv' using 1:(loss($2, $3)) skip 1 with lines linewidth 2 dashtype (8,4) linecolor rgb colours[2] title 'plain SGD', \
     'momentum.csv' using 1:(loss($2, $3)) skip 1 with lines linewidth 2 linecolor rgb colours[1] title 'momentum 0.9'
unset multiplot
unset logscale
set format y

eval picture('09_decay', 640, 360)
set title 'A learning rate that falls from 0.2 to 0.05 in 25 epochs'
set xlabel 't (epochs)'
set ylabel 'learning rate' offset 0
set xrange [0:25.5]
set yrange [0:0.22]
set key bottom left
plot [0:25] 0.2 - (0.2 - 0.05) * x / 25 with lines linewidth 1.5 linecolor rgb colours[2] title 'linear: the formula', \
     'rates.csv' using 1:2 skip 1 with points pointtype marks[2] pointsize 1 linecolor rgb colours[2] title 'xp::schedule::linear\_decay', \
     [0:25] 0.2 * ((0.05 / 0.2) ** (1 / 25.0)) ** x with lines linewidth 1.5 linecolor rgb colours[1] title 'exponential: the formula', \
     'rates.csv' using 1:3 skip 1 with points pointtype marks[1] pointsize 1 linecolor rgb colours[1] title 'xp::schedule::exponential\_decay'

# What the book's notebooks print, on MNIST: with tanh, and with sigmoids in the hidden layer.
$book << EOD
1,72.58,57.16
2,91.01,92.61
3,95.51,94.10
4,95.69,94.76
5,95.74,94.81
6,96.52,97.46
7,96.69,
EOD
eval picture('09_ladder', 760, 440)
set title 'One recipe after the other: test accuracy'
unset xlabel
set bmargin 3.5
set ylabel 'test accuracy (%)' offset 0
set xrange [0.5:8.5]
set yrange [45:100]
set xtics ("squared\nerror" 1, "cross-\nentropy" 2, "+ momen-\ntum" 3, "+ linear\ndecay" 4, "or expo-\nnential" 5, \
           "+ Glorot" 6, "+ dropout" 7, "no mom.,\n10 x rate" 8)
set key bottom right
plot $book using ($1 + 0.12):2 with points pointtype 12 pointsize 1.3 linecolor rgb grey title "the book, MNIST, tanh", \
     '' using ($1 + 0.12):3 with points pointtype 8 pointsize 1.3 linecolor rgb grey title "the book, MNIST, sigmoid", \
     'ladder.csv' using ($0 + 1):1:2:3 skip 1 with yerrorbars pointtype marks[2] pointsize 1 linewidth 1.5 linecolor rgb colours[1] title 'here, Fashion-MNIST: mean and range'
