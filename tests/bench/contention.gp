# contention.gp - the plot of contention.py's figures: gnuplot -e "data='…';image='…'" contention.gp
# Blocks of data: processes and threads, 0 and 1 ms inside, each with the five ways in the order of the table.
set terminal pngcairo size 1400,900 font "sans,11"
set output image
set multiplot layout 2,3 title "Writers on one database: transactions a second, p99 and the longest wait"
ways = "serial defaults recipe shim+stock shim+fair"
set logscale x 2
set xlabel "processes"
set key below horizontal
set style data linespoints
set linetype 1 lc rgb "#888888" dt 2
set linetype 2 lc rgb "#999933"
set linetype 3 lc rgb "#cc3311"
set linetype 4 lc rgb "#ee7733"
set linetype 5 lc rgb "#0044cc"
do for [inside in "0 1"] {
	first = inside eq "0" ? 0 : 5
	unset logscale y
	set title inside." ms inside: transactions/s"
	plot for [i=1:5] data index first+i-1 using 1:2 lw 2 title word(ways, i)
	set logscale y
	set title inside." ms inside: p99, ms"
	plot for [i=1:5] data index first+i-1 using 1:3 lw 2 title word(ways, i)
	set title inside." ms inside: longest, ms"
	plot for [i=1:5] data index first+i-1 using 1:4 lw 2 title word(ways, i)
}
unset multiplot
