eval picture('07_predicted', 640, 420)
set title 'Six layers of 512 units: predicted (lines), mean and range of 20 nets (points)'
set xlabel 'layer'
set ylabel 'standard deviation of z'
set xrange [0.5:6.5]
set yrange [0:1.8]
set xtics 1
set key at graph 0.99, 0.66
array files[3] = ['ReLU', 'tanh', 'sigmoid']
array names[3] = ['ReLU, He', 'tanh, Glorot', 'sigmoid, Glorot']
plot for [i=1:3] files[i].'.csv' using 1:2 skip 1 with lines linewidth 2 linecolor rgb colours[i] notitle, \
     for [i=1:3] files[i].'.csv' using 1:3:4:5 skip 1 with yerrorbars linewidth 1.5 pointtype marks[i] linecolor rgb colours[i] \
       title names[i]
