# IPython's history: five sessions at once; its trim makes the file anew beside the old one and moves it over.
export HOME=$PWD IPYTHONDIR=$PWD/ipython
for k in 1 2 3 4 5; do (
	for j in 1 2 3 4 5; do echo "x=$k*$j"; done
	echo 'exit()'
) >in$k; done
for k in 1 2 3 4 5; do $with ipython --simple-prompt --no-banner --HistoryManager.db_cache_size=0 <in$k >/dev/null & done
wait
history=ipython/profile_default/history.sqlite
sqlite3 $history 'SELECT count(*) FROM history; SELECT count(*), count(DISTINCT session) FROM sessions'
$with ipython history trim --keep=5
$nobody sqlite3 -readonly $history 'SELECT count(*) FROM history'
$with ipython history clear -f
$nobody sqlite3 -readonly $history 'SELECT count(*) FROM history'
find ipython -name 'history.sqlite.*'
rm -f ipython/profile_default/log/* in?
