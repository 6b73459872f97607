# What is applied at open, and what at the first use; what the program sets in between survives.
load ../harness/harness

@test "what a program sets up first on a new file survives: page_size, auto_vacuum, encoding, ids" {
	expect_same victim 'open a t.db' 'busy_timeout a 5000' 'exec a PRAGMA page_size=8192' 'exec a PRAGMA auto_vacuum=2' \
		"exec a PRAGMA encoding='UTF-16le'" \
		'exec a PRAGMA application_id=77' 'exec a PRAGMA user_version=3' 'exec a CREATE TABLE t(x)'
	for pragma in page_size:8192 auto_vacuum:2 encoding:UTF-16le application_id:77 user_version:3 journal_mode:wal; do
		[[ $(outside_pragma t.db "${pragma%:*}") == "${pragma#*:}" ]]
	done
}

@test "page_size, auto_vacuum, encoding and ids each survive as the very first statement, by every call" {
	for pragma in page_size=8192:page_size:8192 auto_vacuum=2:auto_vacuum:2 auto_vacuum=full:auto_vacuum:1 "encoding='UTF-16be':encoding:UTF-16be"; do
		IFS=: read -r set ask answer <<<"$pragma"
		for call in "exec a PRAGMA $set" "get_table a PRAGMA $set" "prepare a s v2 -1 PRAGMA $set" "prepare a s 16_v2 length PRAGMA main.$set;"; do
			rm -f t.db*
			run_shim victim 'open a t.db' "$call" ${call:+"$([[ $call != prepare* ]] || echo 'step s')"} \
				"$([[ $call != prepare* ]] || echo 'finalize s')" 'exec a CREATE TABLE t(x)'
			[[ $(outside_pragma t.db "$ask") == "$answer" ]]
			[[ $(outside_pragma t.db journal_mode) == wal ]]
		done
	done
}

@test "reading from an empty database is not its first use" {
	expect_same victim 'open a t.db' 'exec a SELECT 1' 'exec a SELECT name FROM sqlite_schema' 'exec a PRAGMA page_size' \
		'exec a PRAGMA auto_vacuum' 'exec a PRAGMA encoding' \
		'exec a PRAGMA user_version' 'exec a PRAGMA application_id' 'exec a PRAGMA some_thing_unknown' \
		'exec a PRAGMA page_size=8192; PRAGMA auto_vacuum=2' 'exec a CREATE TABLE t(x)'
	[[ $(outside_pragma t.db page_size) == 8192 && $(outside_pragma t.db auto_vacuum) == 2 && $(outside_pragma t.db journal_mode) == wal ]]
}

@test "opening a database changes nothing in its folder" {
	for run in run_plain run_shim; do
		rm -f t.db*
		$run victim 'open a t.db' 'sh ls; find . -size +0 -name "t.db*"' 'close a' 'sh ls'
		expect $'open 0\nclose 0' || expect $'open 0\nt.db\nclose 0\nt.db'
	done
	observer query t.db 'CREATE TABLE t(x)'
	before=$(cksum t.db)
	run_shim victim 'open a t.db' 'busy_timeout a 5000' 'exec a PRAGMA foreign_keys=on' 'close a'
	[[ $(cksum t.db) == "$before" ]]
}

@test "every kind of first use switches to WAL" {
	observer query seed.db 'CREATE TABLE t(x)'
	for use in 'exec a SELECT * FROM t' 'exec a INSERT INTO t VALUES(1)' 'exec a CREATE TABLE u(x)' 'exec a BEGIN' 'exec a SAVEPOINT s' 'exec a PRAGMA journal_mode' \
		'exec a PRAGMA synchronous' 'exec a PRAGMA cache_size' 'get_table a SELECT * FROM t' \
		'exec a WITH c AS (SELECT 1) SELECT * FROM c, t'; do
		cp seed.db t.db
		run_plain victim 'open a t.db' "$use" 'exec a COMMIT'
		[[ $(outside_pragma t.db journal_mode) == delete ]]
		cp seed.db t.db
		run_shim victim 'open a t.db' "$use" 'exec a COMMIT'
		[[ $(outside_pragma t.db journal_mode) == wal ]]
		rm t.db*
	done
	for api in v1 v2 v3 16 16_v2 16_v3; do
		cp seed.db t.db
		run_shim victim 'open a t.db' "prepare a s $api length INSERT INTO t VALUES(1)" 'step s' 'finalize s'
		[[ $(outside_pragma t.db journal_mode) == wal ]]
		rm t.db*
	done
}

@test "the first use of one connection does not wait for another's" {
	run_shim victim 'open a t.db' 'open b t.db' 'exec a CREATE TABLE t(x)' 'exec b INSERT INTO t VALUES(1)' \
		'exec b PRAGMA synchronous' 'exec b PRAGMA cache_size'
	expect_line 1
	expect_line -20000
}

@test "a program that sets WAL itself gets it, and one that sets DELETE keeps it" {
	run_shim victim 'open a t.db' 'exec a PRAGMA journal_mode=WAL' 'exec a PRAGMA synchronous'
	expect $'open 0\nwal\nexec 0\n1\nexec 0'
	rm t.db*
	run_shim victim 'open a t.db' 'exec a PRAGMA journal_mode=Delete' 'exec a CREATE TABLE t(x)' \
		'exec a PRAGMA journal_mode' 'exec a PRAGMA synchronous'
	expect $'open 0\ndelete\nexec 0\nexec 0\ndelete\nexec 0\n2\nexec 0'
}

@test "synchronous is normal only where WAL is in effect" {
	run_shim victim 'open a t.db' 'exec a PRAGMA synchronous' 'exec a PRAGMA journal_mode=delete' \
		'exec a PRAGMA synchronous' 'exec a PRAGMA journal_mode=wal' 'exec a PRAGMA synchronous'
	expect $'open 0\n1\nexec 0\ndelete\nexec 0\n2\nexec 0\nwal\nexec 0\n1\nexec 0'
	rm t.db*
	SQLPROD_JOURNAL_MODE=delete run_shim victim 'open a t.db' 'exec a PRAGMA synchronous'
	expect_line 2
	SQLPROD_JOURNAL_MODE=keep run_shim victim 'open a t.db' 'exec a PRAGMA synchronous'
	expect_line 2
	SQLPROD_JOURNAL_MODE=delete SQLPROD_SYNCHRONOUS=normal run_shim victim 'open a t.db' 'exec a PRAGMA synchronous'
	expect_line 1
}

@test "synchronous is full again before a prepared statement leaves WAL" {
	run_shim victim 'open a t.db' 'exec a CREATE TABLE t(x)' 'prepare a s v3 -1 PRAGMA journal_mode=delete' \
		'exec a PRAGMA synchronous' 'step s' 'step s' 'finalize s' 'exec a INSERT INTO t VALUES(1)' \
		'exec a PRAGMA synchronous'
	[[ ${lines[-2]} == 2 ]]
}

@test "the switch to WAL does not wait for another process that writes, and is made later" {
	export SQLPROD_BUSY_TIMEOUT=600000
	observer query t.db 'CREATE TABLE t(x); INSERT INTO t VALUES(7)'
	barrier_make held
	start_plain writer victim 'open a t.db' 'exec a BEGIN IMMEDIATE' 'barrier held' 'exec a COMMIT'
	writer=$started
	barrier_meet held
	barrier_make read
	start_shim reader victim 'open a t.db' 'exec a SELECT x FROM t' 'exec a PRAGMA journal_mode' 'barrier read' \
		'repeat 40' 'exec a BEGIN' 'exec a COMMIT' 'sh sleep 0.05' 'end' \
		'exec a PRAGMA journal_mode' 'exec a PRAGMA synchronous'
	reader=$started
	barrier_meet read
	[[ $(head -4 "$scratch/reader.stdout") == $'open 0\n7\nexec 0\ndelete' ]]
	barrier_leave held
	finish "$writer" writer
	barrier_leave read
	finish "$reader" reader
	[[ $(tail -4 <<<"$output") == $'wal\nexec 0\n1\nexec 0' ]]
	expect_quiet
}

@test "a switch to WAL that a short write stood in the way of is made by the next transaction" {
	observer query t.db 'CREATE TABLE t(x); INSERT INTO t VALUES(7)'
	barrier_make held
	start_plain writer victim 'open a t.db' 'exec a BEGIN IMMEDIATE' 'barrier held' 'exec a COMMIT'
	writer=$started
	barrier_meet held
	barrier_make read
	start_shim reader victim 'open a t.db' 'exec a SELECT x FROM t' 'barrier read' 'exec a BEGIN DEFERRED' 'exec a SELECT x FROM t' \
		'exec a PRAGMA journal_mode' 'exec a COMMIT'
	reader=$started
	barrier_meet read
	barrier_leave held
	finish "$writer" writer
	sleep 0.1
	barrier_leave read
	finish "$reader" reader
	[[ $output == *$'\nwal\n'* ]]
	expect_quiet
}

@test "the switch to WAL does not wait for another process that reads" {
	export SQLPROD_BUSY_TIMEOUT=600000
	observer query t.db 'CREATE TABLE t(x); INSERT INTO t VALUES(7),(8)'
	barrier_make held
	start_plain reader victim 'open a t.db' 'prepare a s v2 -1 SELECT x FROM t' 'step s' 'barrier held'
	reader=$started
	barrier_meet held
	run_shim victim 'open a t.db' 'exec a SELECT count(*) FROM t' 'exec a PRAGMA journal_mode' 'exec a BEGIN' \
		'exec a ROLLBACK' 'exec a PRAGMA busy_timeout'
	expect $'open 0\n2\nexec 0\ndelete\nexec 0\nexec 0\nexec 0\n600000\nexec 0'
	expect_quiet
	barrier_leave held
	finish "$reader" reader
}

# litter - reads a database that cannot be switched to WAL now, and shows what lies in the folder after the close.
litter() {
	for run in run_plain run_shim; do
		$run victim 'open a t.db' 'exec a SELECT count(*) FROM t' 'close a'
		[[ $(echo t.db*) == t.db ]] || fail "$run left $(echo t.db*)"
	done
}

@test "a switch to WAL that cannot be made leaves no file beside the database" {
	observer query t.db 'CREATE TABLE t(x); INSERT INTO t VALUES(7),(8)'
	for lock in 'prepare a s v2 -1 SELECT x FROM t;step s' 'exec a BEGIN IMMEDIATE' 'exec a BEGIN EXCLUSIVE'; do
		rm -f held.*
		barrier_make held
		IFS=';' read -ra steps <<<"$lock"
		start_plain other victim 'open a t.db' "${steps[@]}" 'barrier held'
		other=$started
		barrier_meet held
		SQLPROD_BUSY_TIMEOUT=100 litter
		barrier_leave held
		finish "$other" other
	done
	# the schema, or the whole database, cannot be read
	cp t.db whole.db
	# newer shells do not let the schema be written
	python3 - <<-'EOF'
		import sqlite3
		sqlite3.connect('t.db').executescript("PRAGMA writable_schema=1; UPDATE sqlite_master SET sql='CREATE garbage'")
	EOF
	litter
	head -c 4096 whole.db >t.db
	litter
	# inside the program's own transaction, and beside a statement of its own
	cp whole.db t.db
	run_shim victim 'open_hidden a t.db' 'exec a BEGIN; SELECT count(*) FROM t' 'exec a SELECT count(*) FROM t' 'exec a ROLLBACK' 'close a'
	[[ $(echo t.db*) == t.db ]]
}

@test "a first use inside the program's transaction does not end it" {
	observer query t.db 'CREATE TABLE t(x)'
	run_shim victim 'open_hidden a t.db' 'exec a BEGIN; INSERT INTO t VALUES(1)' 'autocommit a' \
		'exec a INSERT INTO t VALUES(2)' 'exec a COMMIT' 'exec a SELECT count(*) FROM t'
	expect $'open_hidden 0\nexec 0\nautocommit 0\nexec 0\nexec 0\n2\nexec 0'
}

@test "an attached database keeps its own journal mode, page cache and synchronous" {
	for use in 'exec a PRAGMA journal_mode' 'exec a SELECT 1'; do
		rm -f ./*.db*
		observer query u.db 'CREATE TABLE t(x)'
		run_shim victim 'open a t.db' "exec a ATTACH 'u.db' AS u" "$use" 'exec a CREATE TABLE main.m(x)' \
			'exec a PRAGMA u.journal_mode' 'exec a PRAGMA u.synchronous' 'exec a INSERT INTO u.t VALUES(1)'
		[[ $(outside_pragma u.db journal_mode) == delete && $(outside_pragma t.db journal_mode) == wal ]]
		expect_line 2
	done
}

@test "a program with locking_mode=EXCLUSIVE works" {
	expect_same victim 'open a t.db' 'exec a PRAGMA locking_mode=EXCLUSIVE' 'exec a CREATE TABLE t(x)' \
		'exec a BEGIN; INSERT INTO t VALUES(1); COMMIT' 'sh observer lock t.db' 'exec a SELECT count(*) FROM t'
}

@test "the program's counters and error codes are the same as without the library" {
	expect_same victim 'open a t.db' 'errcode a' 'errmsg a' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1),(2),(3)' \
		'changes a' 'total_changes a' 'rowid a' 'statements a' \
		'prepare a s v2 -1 SELECT nonsense' 'errcode a' 'errmsg a' 'exec a BEGIN' 'errcode a' 'changes a' 'rowid a' \
		'exec a INSERT INTO t VALUES(1) RETURNING x' 'changes a' 'total_changes a' 'exec a COMMIT' \
		'changes a' 'statements a' 'autocommit a' 'prepare a s v2 -1 SELECT 1; SELECT' 'errcode a' 'close a' \
		'finalize s' 'close a'
}

@test "a statement of sqlite3_prepare() does not fail where another process changes the schema while WAL is switched on" {
	for call in v1 16; do
		for run in run_plain run_shim; do
			rm -f a.db* visited
			observer query a.db 'CREATE TABLE t(x); INSERT INTO t VALUES(1)'
			export VISIT_UNLOCKED="victim 'open b a.db' 'exec b CREATE TABLE u(x)' 'close b' >visited 2>&1" preload_also=$build/programs/visit_between.so
			$run victim 'open a a.db' "prepare a s $call -1! SELECT count(*) FROM t" 'step s' 'reset s' 'step s' 'finalize s' 'close a'
			unset VISIT_UNLOCKED preload_also
			[[ $output == *$'\n1\nstep 100\nreset 0\n1\nstep 100\n'* ]] || fail "$run $call $output"
			[[ $run == run_plain || $(<visited) == $'open 0\nexec 0\nclose 0' ]] || fail "$call: $(<visited)"
		done
	done
}
