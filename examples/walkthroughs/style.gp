# How the pictures of all walkthroughs look. Before it, `format` ('svg' or 'png') and `to` (a folder) are set.
# Colours: Okabe and Ito's, which the colour-blind can tell apart; lines of one picture also differ in their marks.
set datafile separator comma
set border 3 linewidth 0.8
set tics nomirror out
unset mxtics
unset mytics
set grid ytics linetype 1 linecolor rgb '#dddddd' linewidth 0.6
set key reverse Left spacing 1.25 samplen 2.5
array colours[7] = ['#D55E00', '#0072B2', '#009E73', '#E69F00', '#56B4E9', '#CC79A7', '#000000']
array marks[7] = [5, 7, 9, 13, 11, 4, 6]
grey = '#999999'
# picture(NAME, WIDTH, HEIGHT) is the command that begins one, for eval.
terminal(width, height) = format eq 'svg' \
  ? sprintf("set terminal svg size %d,%d font 'DejaVu Sans,13' background 'white'", width, height) \
  : sprintf("set terminal pngcairo size %d,%d font 'DejaVu Sans,15' linewidth 1.5 background 'white'", \
            width * 3 / 2, height * 3 / 2)
picture(name, width, height) = terminal(width, height) . sprintf("; set output '%s%s.%s'", to, name, format)
