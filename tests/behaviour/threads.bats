# Threads, forks, many connections: no deadlock, nothing lost.
load ../harness/harness

@test "threads that each have a connection read, write and lose nothing" {
	observer query t.db 'CREATE TABLE t(n); INSERT INTO t VALUES(0)'
	run_shim victim quiet 'threads 8' 'repeat 25' 'open a%t t.db' 'exec a%t BEGIN' 'exec a%t SELECT n FROM t' \
		'exec a%t UPDATE t SET n=n+1' 'exec a%t COMMIT' 'close a%t' 'end' 'end'
	expect ''
	[[ $(observer query t.db 'SELECT n FROM t') == 200 ]]
	expect_quiet
}

@test "without the library the same threads fail" {
	observer query t.db 'CREATE TABLE t(n); INSERT INTO t VALUES(0)'
	run_plain victim quiet 'threads 8' 'repeat 25' 'open a%t t.db' 'exec a%t BEGIN' 'exec a%t SELECT n FROM t' \
		'exec a%t UPDATE t SET n=n+1' 'exec a%t COMMIT' 'exec a%t ROLLBACK' 'close a%t' 'end' 'end'
	[[ $output == *'database is locked'* ]]
}

@test "one handle may be used by many threads at once" {
	run_shim victim quiet 'open a t.db' 'exec a CREATE TABLE t(n)' 'threads 8' 'repeat 50' \
		'exec a INSERT INTO t VALUES(%t)' 'prepare a s%t v2 -1 SELECT count(*) FROM t' 'step s%t' 'finalize s%t' \
		'busy_timeout a 5' 'end' 'end' 'close a'
	expect ''
	[[ $(observer query t.db 'SELECT count(*) FROM t') == 400 ]]
}

@test "the first use of one handle may be made by many threads at once" {
	for _ in 1 2 3 4 5; do
		rm -f t.db*
		observer query t.db 'CREATE TABLE t(n)'
		run_shim victim quiet 'open a t.db' 'threads 8' 'exec a INSERT INTO t VALUES(%t)' 'end' 'close a'
		expect ''
		[[ $(observer query t.db 'SELECT count(*) FROM t') == 8 && $(outside_pragma t.db journal_mode) == wal ]]
	done
}

@test "handles come and go, their addresses are used again, and each is new" {
	observer query u.db 'CREATE TABLE t(n)'
	run_shim victim 'repeat 50' 'open a t.db' 'busy_handler a on' 'exec a PRAGMA foreign_keys=off' 'close a' \
		'open b u.db' 'exec b PRAGMA busy_timeout' 'exec b PRAGMA foreign_keys' 'close_v2 b' 'end'
	[[ $(grep -cx 30000 <<<"$output") -eq 50 && $(grep -cx 1 <<<"$output") -eq 50 ]]
}

@test "hundreds of connections may be open at once" {
	lines_of_script=()
	for i in {1..250}; do lines_of_script+=("open a$i t.db" "exec a$i SELECT 1"); done
	run_shim victim quiet "${lines_of_script[@]}" 'exec a1 CREATE TABLE t(x)' 'exec a250 BEGIN' 'sh observer lock t.db'
	expect held
}

@test "a close that returns SQLITE_BUSY keeps the record" {
	for run in run_plain:free run_shim:held; do
		rm -f t.db*
		observer query t.db 'CREATE TABLE t(x)'
		${run%:*} victim 'open a t.db' 'prepare a s v2 -1 SELECT 1' 'close a' 'exec a BEGIN' 'sh observer lock t.db' \
			'finalize s' 'close a' 'sh observer lock t.db'
		expect $'open 0\nprepare 0 tail 8\nclose 5\nexec 0\n'"${run#*:}"$'\nfinalize 0\nclose 0\nfree'
	done
}

@test "a zombie's statements still work and end it" {
	for run in run_plain run_shim; do
		rm -f t.db*
		observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1),(2)'
		$run victim 'open a t.db' 'prepare a s v2 -1 SELECT x FROM t' 'prepare a b v2 -1 BEGIN' 'step s' \
			'close_v2 a' 'step s' 'open c t.db' \
			'exec c INSERT INTO t VALUES(3)' 'finalize s' 'finalize b' 'close c'
		expect $'open 0\nprepare 0 tail 15\nprepare 0 tail 5\n1\nstep 100\nclose_v2 0\n2\nstep 100\nopen 0\nexec 0\nfinalize 0\nfinalize 0\nclose 0'
	done
}

@test "a child of fork opens its own connection, and the parent's stay usable" {
	export SQLPROD_RESERVE=60000
	for run in run_plain:free run_shim:held; do
		rm -f t.db*
		observer query t.db 'CREATE TABLE t(x)'
		${run%:*} victim 'open a t.db' 'exec a SELECT * FROM t' 'fork' 'open b t.db' 'exec b BEGIN' \
			'sh observer lock t.db' 'exec b INSERT INTO t VALUES(1); COMMIT' 'close b' '_exit 0' 'end' \
			'exec a BEGIN' 'sh observer lock t.db' 'exec a COMMIT' 'exec a SELECT x FROM t'
		[[ $(grep -cx "${run#*:}" <<<"$output") -eq 2 ]]
		expect_line 'fork 0'
	done
}

@test "forks in the middle of other threads' work do not deadlock" {
	observer query t.db 'CREATE TABLE t(x)'
	run_shim victim quiet 'threads 8' 'repeat 10' 'open a%t t.db' 'exec a%t INSERT INTO t VALUES(%t)' 'fork' 'sh true' \
		'_exit 0' 'end' 'close a%t' 'end' 'end'
	expect ''
	[[ $(observer query t.db 'SELECT count(*) FROM t') == 80 ]]
}

@test "children that fork from a process with threads can use SQLite" {
	export SQLPROD_RESERVE=60000
	observer query t.db 'CREATE TABLE t(x)'
	run_shim victim quiet 'open warm :memory:' 'threads 4' 'repeat 5' 'open a%t :memory:' 'exec a%t SELECT 1' 'fork' \
		'setenv LC_ALL C' '_exit 0' 'end' 'close a%t' 'end' 'end' 'fork' 'open c t.db' 'exec c BEGIN' \
		'sh observer lock t.db' 'exec c COMMIT' 'end'
	expect held
}

@test "the switch to WAL by many processes at once fails for none" {
	observer query t.db 'CREATE TABLE t(x)'
	pids=()
	for i in 1 2 3 4 5 6; do
		start_shim "p$i" victim quiet 'repeat 10' 'open a t.db' 'exec a BEGIN' 'exec a INSERT INTO t VALUES(1)' \
			'exec a COMMIT' 'close a' 'end'
		pids+=("$started")
	done
	for i in 1 2 3 4 5 6; do
		finish "${pids[i - 1]}" "p$i"
		[[ -z $output && -z $stderr ]]
	done
	[[ $(observer query t.db 'SELECT count(*) FROM t') == 60 ]]
}

# One after the other: at once they would be on their own, as without sqlite3_mutex_enter() nothing guards what we know of it.
@test "a thread may continue with another's connection of a SQLite that lacks a call for its mutex" {
	SQLPROD_REPORT=$scratch/report.json run_shim victim 'open a :memory:' 'exec a SELECT 1' 'close a'
	for function in sqlite3_mutex_enter sqlite3_mutex_leave; do
		python3 "$root/tests/harness/hide_symbol.py" "$(report "$scratch/report.json" sqlite library)" libsqlite3.so.0 "$function"
		rm -f t.db*
		LD_LIBRARY_PATH=$PWD run_shim victim quiet 'open a t.db' 'exec a CREATE TABLE t(n)' 'threads 1' \
			'exec a INSERT INTO t VALUES(%t)' 'end' 'close a'
		expect ''
		[[ $(observer query t.db 'SELECT count(*) FROM t') == 1 ]]
	done
}
