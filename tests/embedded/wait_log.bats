# A wait of an embedded copy is logged as that of any other. Built by make embedded-programs.
load ../harness/harness

victim=$build/embedded/victim_gcc_O2

@test "an embedded copy that gets SQLITE_BUSY names the process that holds the lock" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)' >/dev/null
	barrier_make "$PWD/held"
	start_plain holder victim 'open a t.db' 'exec a BEGIN IMMEDIATE' "barrier $PWD/held"
	barrier_meet held
	holder=$(pgrep -g "$started" -x victim)
	SQLPROD_BUSY_TIMEOUT=300 run_plain "$victim" 'open b t.db' 'busy_timeout b 300' 'exec b INSERT INTO t VALUES(1)'
	expect_quiet
	SQLPROD_BUSY_TIMEOUT=300 run_shim "$victim" 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
	expect_line 'exec 5 database is locked'
	expect_warnings 1 "sqlprod: $PWD/t.db: SQLITE_BUSY after a wait of *: pid $holder (victim) has held the write lock for *"
	barrier_leave held
	finish "$started" holder
}
