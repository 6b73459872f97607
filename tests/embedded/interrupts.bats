# sqlite3_interrupt() of an embedded copy, which no hook of ours sees called, ends a wait too. Built by make embedded-programs.
load ../harness/harness

victim=$build/embedded/victim_gcc_O2
victim_name=victim_gcc_O2

@test "in an embedded copy a wait that is interrupted ends, by SQLITE_BUSY as when its timeout is over" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'
	barrier_make held
	start_plain holder victim 'open a t.db' 'exec a BEGIN IMMEDIATE; INSERT INTO t VALUES(0)' 'barrier held' 'exec a COMMIT'
	holder=$started
	barrier_meet held
	for sql in INSERT 'BEGIN; INSERT' 'BEGIN IMMEDIATE; INSERT'; do
		run_plain "$victim" 'open b t.db' "exec b $sql INTO t VALUES(1)"
		expect $'open 0\nexec 5 database is locked'
		start_shim waiter env SQLPROD_BUSY_TIMEOUT=2147483647 "$victim" 'open b t.db' 'interrupt_at_signal b' 'sh touch waits' \
			"exec b $sql INTO t VALUES(1)"
		until [[ -e waits ]]; do sleep 0.1; done
		while pgrep -g "$started" -x "$victim_name" >pid && [[ $(ps -o stat= -p "$(<pid)") != Z* ]]; do
			kill -USR1 "$(<pid)" 2>/dev/null || true
			sleep 0.2
		done
		finish "$started" waiter
		[[ $output == *$'\nexec 5 database is locked' ]]
		rm waits
	done
	barrier_leave held
	finish "$holder" holder
}
