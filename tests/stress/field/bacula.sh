# Bacula: director, storage and file daemon; four backups at once, four more after a change, a restore; the catalogue is in SQLite.
mkdir files out volumes lib
for i in 1 2 3 4; do
	mkdir files/$i
	for j in $(seq 60); do echo "file $i $j" >files/$i/f$j; done
done
sed "s|^cd .*|cd $PWD/lib|; s|XXX_DBNAME_XXX|catalog|" /usr/share/bacula-director/make_sqlite3_tables >make
$with sh make
cat >port.py <<'P'
import socket
kept = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*[k.getsockname()[1] for k in kept])
P
read -r dir fd sd < <(python3 port.py)
daemon() { printf 'WorkingDirectory = "%s/lib"\nPidDirectory = "%s/lib"\nMaximum Concurrent Jobs = 20\n' "$PWD" "$PWD"; }
{
	printf 'Director {\nName = d\nDirPort = %s\nDirAddress = 127.0.0.1\nQueryFile = /etc/bacula/scripts/query.sql\nPassword = p\nMessages = m\n%s\n}\n' $dir "$(daemon)"
	printf 'Catalog {\nName = c\ndbname = catalog\ndbuser = ""\ndbpassword = ""\n}\n'
	printf 'Client {\nName = f\nAddress = 127.0.0.1\nFDPort = %s\nCatalog = c\nPassword = p\nAutoPrune = no\nMaximum Concurrent Jobs = 9\n}\n' $fd
	printf 'Storage {\nName = s\nAddress = 127.0.0.1\nSDPort = %s\nPassword = p\nDevice = v\nMedia Type = File\nMaximum Concurrent Jobs = 9\n}\n' $sd
	printf 'Pool {\nName = q\nPool Type = Backup\nLabel Format = vol\nAutoPrune = no\n}\n'
	printf 'Messages {\nName = m\nappend = "%s/log" = all\ncatalog = all\n}\n' "$PWD"
	for i in 1 2 3 4; do
		printf 'FileSet {\nName = set%s\nInclude {\nOptions {\nsignature = MD5\n}\nFile = %s/files/%s\n}\n}\n' $i "$PWD" $i
		printf 'Job {\nName = job%s\nType = Backup\nLevel = Incremental\nClient = f\nFileSet = set%s\nStorage = s\nPool = q\nMessages = m\nSpool Attributes = %s\n}\n' $i $i "$([ $i -gt 2 ] && echo yes || echo no)"
	done
	printf 'Job {\nName = restore\nType = Restore\nClient = f\nFileSet = set1\nStorage = s\nPool = q\nMessages = m\nWhere = %s/out\n}\n' "$PWD"
} >dir.conf
{
	printf 'Director {\nName = d\nPassword = p\n}\nMessages {\nName = m\ndirector = d = all\n}\n'
	printf 'FileDaemon {\nName = f\nFDPort = %s\nFDAddress = 127.0.0.1\n%s\n}\n' $fd "$(daemon)"
} >fd.conf
{
	printf 'Director {\nName = d\nPassword = p\n}\nMessages {\nName = m\ndirector = d = all\n}\n'
	printf 'Storage {\nName = s\nSDPort = %s\nSDAddress = 127.0.0.1\n%s\n}\n' $sd "$(daemon)"
	printf 'Device {\nName = v\nMedia Type = File\nArchive Device = %s/volumes\nLabelMedia = yes\nRandom Access = yes\nAutomaticMount = yes\nRemovableMedia = no\nAlwaysOpen = no\nMaximum Concurrent Jobs = 9\n}\n' "$PWD"
} >sd.conf
printf 'Director {\nName = d\nDirPort = %s\naddress = 127.0.0.1\nPassword = p\n}\n' $dir >console.conf
daemons=
for part in fd sd dir; do
	$with bacula-$part -f -c "$PWD/$part.conf" >/dev/null 2>$part.err &
	daemons="$daemons $!"
done
console() { bconsole -n -c "$PWD/console.conf"; }
until echo version | console 2>/dev/null | grep -q Version; do sleep 0.2; done
# what is as old as the last backup, to the second and some more, is saved again
sleep 4
backups() {
	{
		for i in 1 2 3 4; do echo "run job=job$i yes"; done
		echo wait
	} | console | grep -iE 'error|failed|locked'
}
backups
for i in 1 2 3 4; do
	echo changed >files/$i/f1
	rm files/$i/f2
done
sleep 1
backups
printf 'restore client=f fileset=set3 select all done yes\nwait\nlist jobs\n' | console | grep -iE 'restored|locked'
printf 'list jobs\nlist jobtotals\ndelete jobid=2 yes\nlist files jobid=5\npurge files jobid=6\nlist jobs\n' | console | grep -E '^\| *[0-9/]' | sed -E "s|[0-9-]{10} [0-9:]{8}||; s|$PWD||"
kill $daemons
wait $daemons
(cd "out$PWD/files/3" && cat f* | sort | md5sum)
grep -icE 'locked|sqlite|error:' log
sqlite3 -readonly lib/catalog.db 'SELECT JobId, Path, Filename.Name, MD5 FROM File NATURAL JOIN Path JOIN Filename USING(FilenameId) ORDER BY 1, 2, 3' | sed "s|$PWD||" | grep -v '/f1|' | md5sum
sqlite3 -readonly lib/catalog.db 'SELECT JobId, JobStatus, JobFiles, JobErrors FROM Job ORDER BY 1'
# how many messages there are is for chance
sqlite3 lib/catalog.db 'DELETE FROM Log'
rm -rf files out volumes log make port.py ./*.conf ./*.err lib/*.state lib/*.conmsg
