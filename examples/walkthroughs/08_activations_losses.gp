eval picture('08_activations', 900, 400)
set multiplot layout 1, 2
set xlabel 'x'
set xrange [-5:5]
set key left top
set title 'Activations'
set ylabel 'value'
set yrange [-1.2:2.2]
plot 'relu.csv' using 1:2 skip 1 with lines linewidth 2.5 dashtype (2, 2) linecolor rgb colours[3] title 'ReLU', \
     'tanh.csv' using 1:2 skip 1 with lines linewidth 2.5 dashtype (6, 3) linecolor rgb colours[1] title 'tanh', \
     'sigmoid.csv' using 1:2 skip 1 with lines linewidth 2.5 linecolor rgb colours[2] title 'sigmoid'
set title 'Their derivatives, by the tape'
set ylabel 'derivative'
set yrange [-0.05:1.2]
plot 'relu.csv' using 1:3 skip 1 with lines linewidth 2.5 dashtype (2, 2) linecolor rgb colours[3] title 'ReLU', \
     'tanh.csv' using 1:3 skip 1 with lines linewidth 2.5 dashtype (6, 3) linecolor rgb colours[1] title 'tanh', \
     'sigmoid.csv' using 1:3 skip 1 with lines linewidth 2.5 linecolor rgb colours[2] title 'sigmoid'
unset multiplot

eval picture('08_losses', 900, 400)
set multiplot layout 1, 2
set xlabel 'prediction p'
set ylabel 'loss'
set xrange [0:1]
set yrange [0:5]
set title 'Losses for y = 0'
plot 'cross_entropy_y0.csv' using 1:2 skip 1 with lines linewidth 2.5 linecolor rgb colours[2] title 'cross-entropy', \
     'squared_error_y0.csv' using 1:2 skip 1 with lines linewidth 2.5 dashtype (6, 3) linecolor rgb colours[1] title 'squared error'
set title 'Losses for y = 1'
set key right top
plot 'cross_entropy_y1.csv' using 1:2 skip 1 with lines linewidth 2.5 linecolor rgb colours[2] title 'cross-entropy', \
     'squared_error_y1.csv' using 1:2 skip 1 with lines linewidth 2.5 dashtype (6, 3) linecolor rgb colours[1] title 'squared error'
unset multiplot

eval picture('08_logit', 640, 400)
set title 'Derivative by the logit, for y = 1'
set xlabel 'logit z'
set ylabel 'derivative of the loss'
set xrange [-8:8]
set yrange [-1.1:0.1]
set key right bottom
plot 'cross_entropy_logit.csv' using 1:3 skip 1 with lines linewidth 2.5 linecolor rgb colours[2] title 'cross-entropy', \
     'squared_error_logit.csv' using 1:3 skip 1 with lines linewidth 2.5 dashtype (6, 3) linecolor rgb colours[1] title 'squared error'
