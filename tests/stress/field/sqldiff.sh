# sqldiff, and sqlite3_analyzer, which carries a SQLite that is not reached.
sqlite3 a.db 'CREATE TABLE t(id INTEGER PRIMARY KEY, x); INSERT INTO t VALUES(1,1),(2,2)'
cp a.db b.db
$with sqlite3 b.db 'INSERT INTO t VALUES(3,3); UPDATE t SET x=9 WHERE id=1'
$with $nobody sqldiff a.db b.db
$nobody sqldiff --summary a.db b.db
# b.db is attached: as the last to close it, sqldiff deletes the -wal and -shm that other users would need
$with sqldiff a.db b.db
$with sqldiff --changeset changes a.db b.db
md5sum <changes
$with sqldiff a.db b.db | $with sqlite3 a.db
$with sqldiff a.db b.db
$with sqlite3_analyzer a.db 2>/dev/null | grep -c 'Page size'
