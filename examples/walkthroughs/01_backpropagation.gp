eval picture('01_sigmoid', 640, 400)
set title 'The sigmoid and its derivative'
set xlabel 'x'
set ylabel 'value'
set yrange [0:1.05]
set key left top
plot 'sigmoid.csv' using 1:2 skip 1 with lines linewidth 2.5 linecolor rgb colours[2] title 'sigmoid(x)', \
     '' using 1:3 skip 1 with lines linewidth 2.5 dashtype 2 linecolor rgb colours[1] title "sigmoid'(x), by the tape", \
     0.25 with lines linecolor rgb grey dashtype 3 title '1/4'
