# A figure a setting: mean and standard deviation by layer, and ten histograms. Those of ReLU are cut off: half of
# all units are 0.
bars(name, title_text, low, high, bottom, key_place, top) = sprintf(" \
  set multiplot title \"%s\"; \
  set margins 0, 0, 0, 0; \
  set lmargin at screen 0.09; set rmargin at screen 0.36; set tmargin at screen 0.86; set bmargin at screen 0.16; \
  set title 'by layer'; set xlabel 'layer'; set ylabel 'activation'; set xrange [0.5:10.5]; set xtics 1, 3 nomirror font ',13'; \
  set yrange [%g:*]; set ytics auto nomirror font ',13'; set key %s; set border 3; \
  plot '%s_layers.csv' using 1:3 skip 1 with linespoints linewidth 2 pointtype 7 linecolor rgb colours[1] title 'std', \
       '' using 1:2 skip 1 with linespoints linewidth 2 pointtype 5 linecolor rgb colours[2] title 'mean'; \
  unset key; unset ylabel; unset ytics; set yrange [0:%s]; set border 1; set xrange [%g:%g]; set xtics %g, %g, %g nomirror font ',10'; \
  do for [l=1:10] { \
    column_ = (l - 1) %% 5; row_ = (l - 1) / 5; \
    set lmargin at screen 0.42 + 0.116 * column_; set rmargin at screen 0.52 + 0.116 * column_; \
    set tmargin at screen 0.86 - 0.40 * row_; set bmargin at screen 0.56 - 0.40 * row_; \
    set title sprintf('layer %%d', l) offset 0, -0.5; unset xlabel; if (l == 8) { set xlabel 'activation (share of units)' }; \
    plot '%s_bars.csv' using ($1 + %g):(column(l + 1)) skip 1 with boxes fillstyle solid noborder linecolor rgb colours[2] notitle \
  }; \
  unset multiplot", title_text, bottom, key_place, name, top, low, high, low, high - low, high, name, (high - low) / 100.0)

eval picture('07_small', 900, 420)
eval bars('small', 'tanh, weights N(0, 0.01^2): the signal dies', -1, 1, -0.05, 'right top', '*')
eval picture('07_large', 900, 420)
eval bars('large', 'tanh, weights N(0, 1): nearly all units are saturated', -1, 1, -0.1, 'right center', '*')
eval picture('07_xavier', 900, 420)
eval bars('xavier', 'tanh, weights N(0, 1/n_{in})', -1, 1, -0.1, 'right top', '*')
eval picture('07_relu_xavier', 900, 420)
eval bars('relu_xavier', 'ReLU, weights N(0, 1/n_{in}): half is lost at every layer', 0, 3, 0, 'right top', '0.05')
eval picture('07_relu_he', 900, 420)
eval bars('relu_he', 'ReLU, weights N(0, 2/n_{in})', 0, 3, 0, 'right bottom', '0.05')
