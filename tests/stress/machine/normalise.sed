# What differs between two runs of the same commands, whatever is preloaded.
s/[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+/DATE/g
s/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? [A-Z][a-z]{2} +[0-9]+ [0-9:]+( [A-Z]+)?( [0-9]{4})?/DATE/g
s/\b[0-9]{2}:[0-9]{2}:[0-9]{2}\b/TIME/g
s/ in [0-9]+s \([0-9,.]+ [kM]?B\/s\)/ in TIME/
s/[0-9.]+ ?[kKMG]?i?B\/s(ec)?/RATE/g
s/\b[0-9.]+ ?m?s(ec(onds)?)?\b/TIME/g
s/\/tmp\/tmp\.[A-Za-z0-9]+/TMP/g
s/\bpid[ =][0-9]+/pid PID/g
s/\b([0-9]+)#\1:/PID:/g
s/\[[0-9]{2,}\]/[PID]/g
s/0x[0-9a-f]{6,}/ADDRESS/g
