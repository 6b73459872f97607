# sqlprod backup and restore: a whole copy of a database in use, and back without what its -wal would undo.
load sqlprod

backups_quiet() {
	expect_quiet
	[[ -z $(find . -name '.sqlprod-copy*') ]] || fail "left: $(find . -name '.sqlprod-copy*')"
}

# Ten rows, of which nine are only in the -wal of a killed program. A plain copy of the file has one.
make_left_wal() {
	sqlite3 a.db 'PRAGMA journal_mode=wal; CREATE TABLE t(a); INSERT INTO t VALUES (0)' >/dev/null
	start_plain writer victim 'open a a.db' 'exec a WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 9) INSERT INTO t SELECT i FROM n' \
		'sh touch ready' 'sh sleep 60'
	until [[ -e ready ]]; do sleep 0.05; done
	pkill -KILL -g "$started" -x victim
	wait "$started" || true
	[[ -s a.db-wal ]]
}

@test "a copy has what is only in -wal; a plain copy of the file has not" {
	make_left_wal
	cp a.db plain.db
	[[ $(sqlite3 plain.db 'SELECT count(*) FROM t') == 1 ]]
	run_app "$sqlprod" backup a.db b.db
	[[ $output == 'b.db: a copy of '*' bytes, integrity_check ok' ]]
	backups_quiet
	[[ $(sqlite3 b.db 'SELECT count(*) FROM t') == 10 && $(outside_pragma b.db journal_mode) == delete ]]
	[[ $(ls b.db*) == b.db ]]
}

@test "a copy is of one moment, though writers go on" {
	sqlite3 a.db 'PRAGMA journal_mode=wal; CREATE TABLE t(a); CREATE TABLE u(a); WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 20000)
		INSERT INTO t SELECT randomblob(200) FROM n; INSERT INTO u SELECT * FROM t' >/dev/null
	start_plain writer sh -c 'while :; do sqlite3 -cmd ".timeout 5000" a.db "BEGIN IMMEDIATE; INSERT INTO t VALUES (1); INSERT INTO u VALUES (1); COMMIT"; done'
	for _ in 1 2 3; do
		run_app "$sqlprod" backup --force a.db b.db
		[[ $(sqlite3 b.db 'SELECT (SELECT count(*) FROM t) = (SELECT count(*) FROM u)') == 1 ]]
	done
	kill -KILL -- "-$started"
	backups_quiet
}

@test "a copy has the mode and owner of the database, and is not readable by others before" {
	make_wal a.db
	chmod 640 a.db
	[[ $EUID -ne 0 ]] || chown 65534:65533 a.db
	run_app "$sqlprod" backup a.db b.db
	[[ $(stat -c %a:%u:%g b.db) == "$(stat -c %a:%u:%g a.db)" ]]
}

@test "backup does not overwrite a file without --force, and keeps it if the copy fails" {
	make_wal a.db
	echo mine >b.db
	run_app 2 "$sqlprod" backup a.db b.db
	expect_refused 'backup: b.db exists already; --force replaces it'
	head -c 8192 /dev/urandom >bad.db
	printf 'SQLite format 3\0' | dd of=bad.db conv=notrunc status=none
	run_app any "$sqlprod" backup --force bad.db b.db
	[[ $status -ne 0 && $(<b.db) == mine ]]
	[[ -z $(find . -name '.sqlprod-copy*') ]]
	run_app "$sqlprod" backup --force a.db b.db
	[[ $(sqlite3 b.db 'SELECT a FROM t') == 1 ]]
	run_app 2 "$sqlprod" backup --force a.db a.db
	ln a.db again.db
	run_app 2 "$sqlprod" backup --force a.db again.db
}

@test "a damaged database is said to be damaged" {
	sqlite3 a.db 'CREATE TABLE t(a); CREATE INDEX i ON t(a); INSERT INTO t VALUES (1)'
	dd if=/dev/urandom of=a.db bs=1 seek=8192 count=1000 conv=notrunc status=none
	run_app 9 "$sqlprod" backup a.db b.db
	[[ ! -e b.db ]]
}

@test "a backup that is ended leaves nothing" {
	sqlite3 a.db 'CREATE TABLE t(a); WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 300000) INSERT INTO t SELECT randomblob(300) FROM n'
	start_plain backup "$sqlprod" backup a.db b.db
	until compgen -G '.sqlprod-copy*' >/dev/null; do sleep 0.01; done
	pkill -TERM -g "$started" -f 'sqlprod backup'
	wait "$started" || true
	[[ -z $(find . -name '.sqlprod-copy*') && ! -e b.db ]]
}

@test "a backup whose shell alone is ended does not let the copy end first" {
	make_wal a.db
	mkdir bin
	printf '#!/bin/sh\necho $$ >copying\nexec sleep 1000\n' >bin/sqlite3
	chmod +x bin/sqlite3
	for signal in TERM HUP; do
		PATH=$PWD/bin:$PATH start_plain backup "$sqlprod" backup a.db b.db
		until [[ -s copying ]]; do sleep 0.01; done
		pkill "-$signal" -g "$started" -x sqlprod
		wait "$started" || true
		! kill -0 "$(<copying)"
		[[ -z $(find . -name '.sqlprod-copy*') && ! -e b.db ]]
		rm copying
	done
}

@test "a restored database has the backup's rows; a plain copy over it is undone by the old -wal" {
	sqlite3 good.db 'CREATE TABLE t(a); INSERT INTO t VALUES (42)'
	make_left_wal
	cp -r . ../plain && (
		cd ../plain
		sqlite3 same.db 'PRAGMA journal_mode=wal; CREATE TABLE t(a); INSERT INTO t VALUES (0)' >/dev/null
		cat same.db >a.db
		[[ $(sqlite3 a.db 'SELECT count(*) FROM t') == 10 ]]
	)
	rm -r ../plain
	run_app "$sqlprod" restore good.db a.db
	[[ $(sqlite3 a.db 'SELECT a FROM t') == 42 ]]
	[[ $output == 'a.db: restored, integrity_check ok; what was there is '*a.db.before-restore.* ]]
	kept=${output##* is }
	[[ $(sqlite3 "$kept" 'SELECT count(*) FROM t') == 10 ]]
	[[ ! -e a.db-wal && $(sqlite3 good.db 'SELECT a FROM t') == 42 ]]
	expect_quiet
}

@test "restore is refused while a process has the database open" {
	sqlite3 good.db 'CREATE TABLE t(a); INSERT INTO t VALUES (42)'
	make_wal a.db
	for statement in 'SELECT * FROM t' 'BEGIN IMMEDIATE' 'PRAGMA temp_store'; do
		barrier=${statement%% *}
		barrier_make "$PWD/$barrier"
		start_plain holder victim 'open a a.db' "exec a $statement" "barrier $PWD/$barrier"
		barrier_meet "$barrier"
		run_app 8 "$sqlprod" restore good.db a.db
		expect_refused "*/a.db: in use by process $(pgrep -g "$started" -x victim); stop it and try again (sqlprod locks */a.db)"
		barrier_leave "$barrier"
		finish "$started" holder
	done
	[[ $(sqlite3 a.db 'SELECT a FROM t') == 1 && -z $(find . -name '*before-restore*') ]]
}

@test "restore is refused while a process of another pid namespace has a WAL database open, with the library or without" {
	need_root
	unshare --pid --fork true 2>/dev/null || skip "no pid namespaces here"
	sqlite3 good.db 'CREATE TABLE t(a); INSERT INTO t VALUES (42)'
	for run in plain shim; do
		rm -f a.db*
		make_wal a.db
		barrier_make "$PWD/open-$run"
		"start_$run" holder victim 'open a a.db' 'exec a SELECT * FROM t' "barrier $PWD/open-$run"
		barrier_meet "open-$run"
		run_app 8 unshare --pid --fork --mount-proc "$sqlprod" restore good.db a.db
		expect_refused "*/a.db: in use by a process that is not visible from here, *"
		barrier_leave "open-$run"
		finish "$started" holder
		run_app 0 unshare --pid --fork --mount-proc "$sqlprod" restore good.db a.db
		[[ $(sqlite3 a.db 'SELECT a FROM t') == 42 ]]
	done
}

@test "a database that is not there is made, and a damaged backup is refused" {
	sqlite3 good.db 'CREATE TABLE t(a); INSERT INTO t VALUES (42)'
	run_app "$sqlprod" restore good.db new.db
	expect 'new.db: restored, integrity_check ok'
	[[ $(sqlite3 new.db 'SELECT a FROM t') == 42 ]]
	echo nothing >bad.db
	run_app 6 "$sqlprod" restore bad.db new.db
	run_app 2 "$sqlprod" restore new.db new.db
	run_app 4 "$sqlprod" restore none.db new.db
	: >empty.db
	run_app 6 "$sqlprod" restore empty.db new.db
	[[ $(sqlite3 new.db 'SELECT a FROM t') == 42 ]]
}

@test "backup and restore handle files with odd names" {
	for name in $'new\nline.db' "quote'\".db" 'back\slash.db' '-dash.db' ' blank .db'; do
		make_wal "./$name"
		run_app "$sqlprod" backup -- "$name" copy.db
		[[ $(sqlite3 copy.db 'SELECT a FROM t') == 1 ]]
		run_app "$sqlprod" restore -- copy.db "$name"
		[[ $(sqlite3 "./$name" 'SELECT a FROM t') == 1 ]]
		rm -- copy.db
		run_app "$sqlprod" backup -- "$name" "copy of $name"
		[[ $(sqlite3 "./copy of $name" 'SELECT a FROM t') == 1 ]]
	done
}
