eval picture('02_saturation', 640, 420)
set title 'Eight tanh layers: what larger weights do to one step back'
set xlabel 'gain on Glorot''s standard deviation'
set ylabel 'factor'
set logscale xy
set key left top
plot 'saturation.csv' using 1:2 skip 1 with linespoints linewidth 2 pointtype marks[1] linecolor rgb colours[1] \
       title 'activation factor: RMS of tanh''(z)', \
     '' using 1:3 skip 1 with linespoints linewidth 2 pointtype marks[2] linecolor rgb colours[2] \
       title 'weight factor', \
     '' using 1:4 skip 1 with linespoints linewidth 3 pointtype marks[3] linecolor rgb colours[3] \
       title 'the gradient''s ratio, layer 5 to layer 4'
unset logscale

eval picture('02_depth', 640, 420)
set title 'What is left of the gradient at the input'
set xlabel 'depth (layers of 64 units)'
set ylabel '||dL/dx|| over ||dL/dh|| of the last layer'
set logscale y
set format y '10^{%L}'
set yrange [1e-34:1e4]
set key left bottom
array names[4] = ['sigmoid, Glorot', 'tanh, Glorot', 'ReLU, Glorot', 'ReLU, He']
plot for [i=1:4] 'depth.csv' using 1:(column(i + 1)) skip 1 with linespoints pointinterval 5 linewidth 2 \
  pointtype marks[i] linecolor rgb colours[i] title names[i]

eval picture('02_underflow', 640, 420)
set title '36 sigmoid layers, weights N(0, 0.01^2): where float ends'
set xlabel 'layer (the loss is on the right)'
set ylabel 'RMS gradient'
set yrange [1e-66:1]
set xrange [0:37]
set key left top
set arrow from 0, 1.18e-38 to 37, 1.18e-38 nohead linecolor rgb grey dashtype 2
set label 'least normal float' at 24, 1e-40 textcolor rgb '#666666'
plot 'underflow.csv' using 1:2 skip 1 with linespoints linewidth 2 pointtype marks[2] linecolor rgb colours[2] \
       title 'in double', \
     '' using 1:($3 > 0 ? $3 : NaN) skip 1 with points pointtype marks[1] pointsize 1.4 linecolor rgb colours[1] \
       title 'in float'
