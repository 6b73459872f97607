# sqlprod revert: back to a rollback journal, or not at all.
load sqlprod

kept='PRAGMA page_size; PRAGMA auto_vacuum; PRAGMA encoding; PRAGMA user_version; PRAGMA application_id; PRAGMA schema_version;
	SELECT sql FROM sqlite_master; SELECT count(*), sum(length(b)) FROM t;'

@test "revert makes a WAL database a rollback database, and changes nothing else" {
	sqlite3 a.db 'PRAGMA page_size=8192; PRAGMA auto_vacuum=2; PRAGMA encoding="UTF-16le"; PRAGMA journal_mode=wal;
		CREATE TABLE t(a INTEGER PRIMARY KEY, b); PRAGMA user_version=42; PRAGMA application_id=4711;
		WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 5000) INSERT INTO t SELECT i, randomblob(100) FROM n' >/dev/null
	before=$(sqlite3 a.db "$kept; SELECT hex(b) FROM t")
	run_app "$sqlprod" revert a.db
	expect 'a.db: uses a rollback journal now'
	expect_quiet
	[[ $(outside_pragma a.db journal_mode) == delete ]]
	[[ $(sqlite3 a.db "$kept; SELECT hex(b) FROM t") == "$before" ]]
	[[ $(ls) == a.db ]]
}

@test "revert keeps rows that are only in -wal" {
	start_plain writer victim 'open a a.db' 'exec a PRAGMA journal_mode=wal' 'exec a CREATE TABLE t(a)' \
		'exec a INSERT INTO t VALUES (7)' 'sh touch ready' 'sh sleep 60'
	until [[ -e ready ]]; do sleep 0.05; done
	pkill -KILL -g "$started" -x victim
	wait "$started" || true
	[[ -s a.db-wal ]]
	run_app "$sqlprod" revert a.db
	[[ $(observer query a.db 'SELECT a FROM t') == 7 ]]
	[[ $(ls a.db*) == a.db ]]
}

@test "revert does not change a database that is not in WAL mode" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	: >empty.db
	before=$(md5sum a.db)
	run_app "$sqlprod" revert a.db empty.db
	expect $'a.db: uses a rollback journal already\nempty.db: uses a rollback journal already'
	[[ $(md5sum a.db) == "$before" && ! -s empty.db ]]
}

# What another process has open, in each state that it can be in.
refuse_while() {
	barrier_make "$PWD/held"
	start_plain holder victim 'open a a.db' "$@" "barrier $PWD/held"
	barrier_meet held
	run_app 8 "$sqlprod" revert a.db
	expect_refused 'a.db: in use by another connection; *'
	[[ $(outside_pragma a.db journal_mode) == wal ]]
	barrier_leave held
	finish "$started" holder
	run_app 0 "$sqlprod" revert a.db
	[[ $(outside_pragma a.db journal_mode) == delete ]]
}

@test "revert is refused while an idle reader has the database open" {
	make_wal a.db
	refuse_while 'exec a SELECT * FROM t'
}

@test "revert is refused while a reader reads" {
	make_wal a.db
	refuse_while 'exec a BEGIN' 'exec a SELECT * FROM t'
}

@test "revert is refused while a writer writes" {
	make_wal a.db
	refuse_while 'exec a BEGIN IMMEDIATE' 'exec a INSERT INTO t VALUES (2)'
}

@test "revert is refused while a program with the library has the database open" {
	make_wal a.db
	barrier_make "$PWD/held"
	start_plain holder "$sqlprod" victim 'open a a.db' 'exec a INSERT INTO t VALUES (3)' "barrier $PWD/held"
	barrier_meet held
	run_app 8 "$sqlprod" revert a.db
	barrier_leave held
	finish "$started" holder
	[[ $(observer query a.db 'SELECT count(*) FROM t') == 2 ]]
}

@test "the library in revert's own environment does not set WAL again" {
	make_wal a.db
	run_app "$sqlprod" run "$sqlprod" revert a.db
	[[ $(outside_pragma a.db journal_mode) == delete ]]
	make_wal b.db
	printf '.headers on\nPRAGMA journal_mode=wal;\n' >.sqliterc
	HOME=$PWD run_app "$sqlprod" revert b.db
	[[ $(outside_pragma b.db journal_mode) == delete ]]
}

@test "revert does not change a damaged database" {
	sqlite3 a.db "PRAGMA journal_mode=wal; CREATE TABLE t(a); CREATE INDEX i ON t(a);
		WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 2000) INSERT INTO t SELECT i FROM n" >/dev/null
	dd if=/dev/urandom of=a.db bs=4096 seek=3 count=2 conv=notrunc status=none
	before=$(md5sum a.db)
	run_app 9 "$sqlprod" revert a.db
	expect_refused 'a.db: it *damaged*'
	[[ $(md5sum a.db) == "$before" ]]
}

@test "revert handles databases with odd names" {
	for name in 'a b.db' "it's.db" '-x.db' 'file:q.db?mode=ro' ':memory:' '$(touch hit).db' $'new\nline.db' 'ü.db'; do
		make_wal "$PWD/$name"
		run_app "$sqlprod" revert -- "$name"
		[[ $(outside_pragma "$PWD/$name" journal_mode) == delete ]]
		rm -f -- "$name"
	done
	[[ -z $(ls) ]]
}

@test "revert follows a symbolic link" {
	mkdir real
	make_wal real/a.db
	ln -s real/a.db link.db
	run_app "$sqlprod" revert link.db
	[[ $(outside_pragma real/a.db journal_mode) == delete && -L link.db ]]
}

@test "bad input of revert gives one line and its own exit status" {
	run_app 2 "$sqlprod" revert
	expect_refused 'revert: no file; *'
	run_app 2 "$sqlprod" revert --nonsense a.db
	expect_refused 'revert: no option --nonsense; *'
	run_app 4 "$sqlprod" revert nothing.db
	expect_refused 'nothing.db: no such file'
	run_app 4 "$sqlprod" revert ''
	expect_refused "the file's name is empty"
	ln -s nowhere link
	run_app 4 "$sqlprod" revert link
	expect_refused 'link: a symbolic link to a file that does not exist'
	echo text that is long enough for a header >text
	run_app 6 "$sqlprod" revert text
	expect_refused 'text: not a SQLite database, *'
	run_app 7 "$sqlprod" revert .
	expect_refused '.: is a folder'
	mkfifo pipe
	run_app 7 "$sqlprod" revert pipe
	expect_refused 'pipe: is not a regular file'
}

@test "revert without permission exits with 5, and changes nothing" {
	need_root
	make_wal a.db
	chmod 600 a.db
	as_nobody 5 "$sqlprod" revert a.db
	expect_refused 'a.db: no permission to read it'
	chmod 644 a.db
	as_nobody 5 "$sqlprod" revert a.db
	expect_refused 'a.db: no permission to write it'
	chmod 666 a.db
	as_nobody 5 "$sqlprod" revert a.db
	expect_refused 'a.db: no permission to write its folder'
	mkdir closed
	make_wal closed/a.db
	chmod 700 closed
	as_nobody 5 "$sqlprod" revert closed/a.db
	expect_refused 'closed/a.db: no permission to look into its folder'
	[[ $(outside_pragma a.db journal_mode) == wal ]]
}

@test "revert treats each of several files, and exits with the first failure" {
	make_wal a.db
	make_wal b.db
	run_app 4 "$sqlprod" revert a.db nothing.db . b.db
	expect $'a.db: uses a rollback journal now\nb.db: uses a rollback journal now'
	expect_warnings 2 'sqlprod: *'
}

@test "revert does not change a database with two hard links, and check warns of it" {
	make_wal a.db
	ln a.db b.db
	before=$(md5sum a.db)
	run_app 13 "$sqlprod" revert a.db
	expect_refused 'a.db: has 2 names (hard links), *'
	[[ $(md5sum a.db) == "$before" ]]
	run_app 0 "$sqlprod" check a.db
	[[ $(records advisory 2) == *'a.db has 2 names (hard links): '* ]]
	rm b.db
	run_app 0 "$sqlprod" check a.db
	[[ $(records advisory 2) != *'hard links'* ]]
	run_app 0 "$sqlprod" revert a.db
}
