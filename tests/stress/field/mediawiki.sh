# MediaWiki: installed into four databases, edited by six at once, its jobs run by three, users and indexes made, pages deleted, dumped.
cp -rL /usr/share/mediawiki mw 2>/dev/null # but the LocalSettings.php that is not there yet
export MW_INSTALL_PATH=$PWD/mw
run() {
	local script=$1
	shift
	$with php "mw/maintenance/$script.php" "$@" 2>&1
}
run install --dbtype sqlite --dbpath "$PWD/data" --dbname wiki --server http://localhost --scriptpath "" --confpath "$PWD/mw" \
	--pass 'Long-pass.1word' Wiki Admin >install.log || tail -5 install.log
ls data
for i in 1 2 3 4 5 6; do
	for k in 1 2 3 4; do
		echo "Text $k of [[Page $k]] in [[Category:C$i]] {{T$i}}" | run edit --user Admin --summary "s$k" "Page $i-$k"
	done >edit.$i &
done
wait
sort edit.* | uniq -c
for i in 1 2 3; do run runJobs >jobs.$i & done
for i in 1 2; do echo x | run edit --user Admin "Beside $i" >beside.$i & done
wait
cat beside.*
grep -ciE 'error|exception|locked' jobs.*
for i in 1 2 3; do run createAndPromote "User$i" "Long-pass.$i-word" >user.$i & done
wait
cat user.*
run rebuildall | grep -ciE 'error|exception|locked'
run update --quick | grep -iE 'error|exception|locked'
printf 'Page 1-1\nPage 2-2\n' >pages
run deleteBatch -u Admin pages
run runJobs | grep -ciE 'error|exception|locked'
run showJobs
run dumpBackup --full --quiet | grep -c '<revision>'
rm -rf mw
