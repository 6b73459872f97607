# Fair waiting: every writer gets the lock, timeout and SQLITE_BUSY are SQLite's own, and no file or descriptor is left.
load ../harness/harness

# The most transactions of others between two of one worker's.
longest_gap() {
	observer query t.db 'SELECT max(gap) FROM (SELECT id - lag(id) OVER (PARTITION BY worker ORDER BY id) AS gap FROM log)'
}

# A holder takes the write lock and keeps it until barrier_leave held.
hold() {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE IF NOT EXISTS t(x)' >/dev/null
	barrier_make held
	"$1" holder victim 'open a t.db' 'exec a BEGIN IMMEDIATE; INSERT INTO t VALUES(0)' 'barrier held' 'exec a COMMIT'
	holder=$started
	barrier_meet held
}

release() {
	barrier_leave held
	finish "$holder" holder
}

@test "eight processes that never pause all write, none starves, and no update is lost" {
	run_shim contention t.db defaults processes 8 1000 0 1
	[[ ${lines[0]} == *' 0 0' ]]
	[[ $(observer query t.db 'SELECT count(DISTINCT worker) FROM log') == 8 ]]
	(($(longest_gap) < 100))
}

@test "eight threads that never pause all write, none starves, and no update is lost" {
	run_shim contention t.db defaults threads 8 1000 0 1
	[[ ${lines[0]} == *' 0 0' ]]
	[[ $(observer query t.db 'SELECT count(DISTINCT worker) FROM log') == 8 ]]
	(($(longest_gap) < 100))
}

@test "without the library some of eight processes that never pause fail" {
	run_plain contention t.db defaults processes 8 1000 0 1
	[[ ${lines[0]} != *' 0 0' ]]
}

@test "waiting leaves no file beside the database and no descriptor open" {
	hold start_shim
	start_shim waiter victim 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
	wait_until_waits "$started"
	[[ $(echo t.db*) == 't.db t.db-shm t.db-wal' ]]
	release
	finish "$started" waiter
	run_plain victim 'open a t.db' 'exec a PRAGMA journal_mode=wal; SELECT count(*) FROM t' 'descriptors'
	plain=$(tail -n 1 <<<"$output")
	run_shim victim 'open a t.db' 'exec a PRAGMA journal_mode=wal; SELECT count(*) FROM t' 'descriptors'
	[[ $(tail -n 1 <<<"$output") == "$plain" ]]
}

@test "a wait that ends without the lock fails as SQLite's own does, for every kind of statement" {
	hold start_plain
	for use in 'BEGIN IMMEDIATE' 'BEGIN EXCLUSIVE' 'INSERT INTO t VALUES(1)' 'CREATE TABLE u(x)' 'PRAGMA wal_checkpoint(TRUNCATE)' 'PRAGMA journal_mode=delete' 'VACUUM'; do
		export SQLPROD_BUSY_TIMEOUT=20 SQLPROD_JOURNAL_MODE=keep
		run_plain victim 'open a t.db' 'exec a PRAGMA busy_timeout=20' "exec a $use" 'errcode a' 'errmsg a' 'autocommit a'
		wanted=$output
		run_shim victim 'open a t.db' 'exec a PRAGMA busy_timeout=20' "exec a $use" 'errcode a' 'errmsg a' 'autocommit a'
		expect "$wanted"
	done
	release
}

@test "a deferred transaction that reads before it writes is not kept waiting for what it cannot get" {
	hold start_plain
	for run in run_plain run_shim; do
		$run victim 'open a t.db' 'busy_timeout a 60000' 'exec a BEGIN DEFERRED; SELECT count(*) FROM t' 'exec a INSERT INTO t VALUES(1)' 'errcode a'
		[[ $output == *'exec 5 database is locked'* ]]
	done
	release
}

@test "a waiter that timed out does not delay the next one" {
	hold start_plain
	SQLPROD_BUSY_TIMEOUT=30 start_shim impatient victim 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
	impatient=$started
	start_shim patient victim 'open c t.db' 'exec c INSERT INTO t VALUES(2)'
	patient=$started
	finish "$impatient" impatient
	[[ $output == *'exec 5 database is locked'* ]]
	wait_until_waits "$patient"
	release
	finish "$patient" patient
	[[ $(observer query t.db 'SELECT group_concat(x) FROM t') == 0,2 ]]
}

@test "programs with the library and without it wait for each other" {
	for pair in 'start_plain start_shim' 'start_shim start_plain'; do
		rm -f t.db* held.*
		hold "${pair% *}"
		"${pair#* }" waiter victim 'open b t.db' 'exec b PRAGMA busy_timeout=60000' 'exec b INSERT INTO t VALUES(1)'
		wait_until_waits "$started"
		release
		finish "$started" waiter
		[[ $output != *'exec 5'* && $(observer query t.db 'SELECT count(*) FROM t') == 2 ]]
	done
}

@test "PRAGMA busy_timeout is right by every way to query it and after every way to set it" {
	for set in '' 'busy_timeout a 70000' 'exec a PRAGMA busy_timeout=70000' 'prepare a p v2 -1 PRAGMA busy_timeout=70000' 'get_table a PRAGMA busy_timeout=70000'; do
		wanted=${set:+7}0000
		[[ -n $set ]] || wanted=30000
		run_shim victim 'open a t.db' "${set:-errcode a}" 'exec a PRAGMA busy_timeout' 'exec a SELECT timeout FROM pragma_busy_timeout' 'prepare a s v3 -1 PRAGMA main.busy_timeout' 'step s' 'finalize s' 'exec a CREATE TABLE t(x)' 'exec a BEGIN; COMMIT' 'exec a PRAGMA busy_timeout'
		[[ $(grep -Ec "(^|[^0-9])$wanted\$" <<<"$output") -ge 4 ]]
	done
}

@test "SQLPROD_BUSY_WAIT=sqlite waits by SQLite's own sleeps" {
	for wait in sqlite keep; do
		SQLPROD_BUSY_WAIT=$wait run_shim contention t.db defaults processes 4 0 0 0.2
		[[ ${lines[0]} == *' 0 0' ]]
		rm -f t.db*
	done
}

@test "writers of a rollback database wait for each other" {
	SQLPROD_JOURNAL_MODE=delete run_shim contention t.db defaults processes 4 0 0 0.5
	[[ ${lines[0]} == *' 0 0' ]]
}

@test "a checkpoint waits for the writer, and readers wait for no lock" {
	hold start_shim
	start_shim checkpoint victim 'open b t.db' 'exec b SELECT count(*) FROM t' 'exec b PRAGMA wal_checkpoint(TRUNCATE)'
	wait_until_waits "$started"
	run_shim victim 'open c t.db' 'exec c SELECT count(*) FROM t'
	expect $'open 0\n0\nexec 0'
	release
	finish "$started" checkpoint
	[[ $output == *$'\n0|0|0\n'* ]]
}

# It has the write lock meanwhile. The floor under a timeout is no reason to keep all writers waiting for 30 s.
@test "a checkpoint beside a reader that stays keeps writers waiting no longer than its program asked to wait, or a reservation lasts" {
	for run in plain shim; do
		for timeout in 0 1500; do
			rm -f t.db* held.*
			observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(0)' >/dev/null
			barrier_make held
			"start_$run" reader victim 'open a t.db' 'exec a BEGIN DEFERRED' 'exec a SELECT x FROM t' 'barrier held' 'exec a COMMIT'
			reader=$started
			barrier_meet held
			"run_$run" victim 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
			"start_$run" checkpoint victim 'open c t.db' "busy_timeout c $timeout" 'exec c SELECT count(*) FROM t' 'exec c PRAGMA wal_checkpoint(TRUNCATE)'
			checkpoint=$started
			wait_until_waits "$checkpoint"
			SECONDS=0
			"run_$run" victim 'open b t.db' 'busy_timeout b 20000' 'exec b INSERT INTO t VALUES(2)' 'exec b SELECT count(*) FROM t'
			[[ $output == *$'\n3\nexec 0' ]] && ((SECONDS < 15))
			finish "$checkpoint" checkpoint
			[[ $output == *$'\n1|'* ]]
			barrier_leave held
			finish "$reader" reader
		done
	done
}

# Without pause a writer is always there, and a WAL that never starts anew would grow by 8 KiB with each commit.
@test "under steady writing the WAL is restarted now and then" {
	observer query t.db 'PRAGMA journal_mode=wal' >/dev/null
	barrier_make idle
	start_plain watcher victim 'open a t.db' 'exec a SELECT count(*) FROM sqlite_schema' 'barrier idle'
	watcher=$started
	barrier_meet idle
	run_shim contention t.db defaults processes 8 0 0 3
	(($(stat -c %s t.db-wal) <= 128 * 1024 * 1024))
	barrier_leave idle
	finish "$watcher" watcher
}
