# MiniDLNA scans a folder, and scans it anew.
mkdir media cache
for i in 1 2 3 4 5; do head -c 2000 /dev/zero >media/a$i.wav; done
printf 'media_dir=%s\ndb_dir=%s\nlog_dir=%s\nport=28200\nnotify_interval=900\n' "$PWD/media" "$PWD/cache" "$PWD/cache" >d.conf
for scan in -r -R; do
	$with timeout 5 minidlnad -f d.conf -S -P "$PWD/pid" $scan >/dev/null 2>&1
	sqlite3 cache/files.db 'SELECT count(*) FROM details WHERE path LIKE "%.wav"; PRAGMA integrity_check'
done
grep -i 'sqlite\|lock' cache/minidlna.log
rm -f cache/minidlna.log pid
