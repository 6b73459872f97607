# Subversion: four working copies that commit at once, hotcopy, a working copy that is moved and packed; another user reads.
top=$PWD url=file://$PWD/r
svn() { $with /usr/bin/svn -q --non-interactive --config-dir "$top/config" "$@"; }
$with svnadmin create r
for k in 1 2 3 4; do
	svn mkdir -m x "$url/d$k"
	svn co "$url/d$k" "w$k"
done
for k in 1 2 3 4; do
	(
		cd "w$k" || exit
		for i in 1 2 3 4; do
			echo "$k $i" >"f$i"
			echo same >"s$i"
			svn add "f$i" "s$i"
			svn ci -m c
		done
	) &
done
wait
/usr/bin/svn log -q "$url" | grep -c ^r
$with svnadmin verify -q r
$with svnadmin hotcopy r h
svnadmin verify -q h
svnadmin hotcopy --incremental r h
sqlite3 h/db/rep-cache.db 'PRAGMA integrity_check'
cp -r w1 copy
echo x >>copy/f1
svn st copy
svn ci -m y copy
svn up w1
mv w2 moved
/usr/bin/svn st moved
tar cf w.tar w3
mkdir out
tar xf w.tar -C out
/usr/bin/svn st out/w3
$with $nobody /usr/bin/svn --config-dir /nonexistent ls "$url/d1"
rm -rf r/db/revs r/db/revprops h/db/revs h/db/revprops config w?/.svn/pristine copy/.svn/pristine moved/.svn/pristine out/w3/.svn/pristine
