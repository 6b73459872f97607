# sqlite3_interrupt() ends a wait that would have ended by then without the library, with the code that SQLite would have given.
load ../harness/harness

# So that waits are never over by themselves. The victim sets no timeout: without the library it would not wait at all.
endless=(env SQLPROD_BUSY_TIMEOUT=2147483647 SQLPROD_RESERVE=60000)

# hold [JOURNAL_MODE] [MODE] - another process, without the library, has the write lock of t.db.
hold() {
	rm -f ./*.db* held.*
	observer query t.db "PRAGMA journal_mode=${1:-wal}; CREATE TABLE t(x)" >/dev/null
	barrier_make held
	start_plain holder victim 'open a t.db' "exec a BEGIN ${2:-IMMEDIATE}; INSERT INTO t VALUES(0)" 'barrier held' 'exec a COMMIT'
	holder=$started
	barrier_meet held
}

release() {
	barrier_leave held
	finish "$holder" holder
}

# wait_in START COMMAND… - starts it, with its connection b interrupted by each SIGUSR1, and returns when it waits.
wait_in() {
	"$1" waiter "${@:2}"
	waiter=$started
	wait_until_waits "$waiter"
}

victim_b=(victim 'open b t.db' 'interrupt_at_signal b')

# Interrupts it until it has ended: the first signal may come too early. Leaves what it printed after that.
interrupt() {
	while pgrep -g "$waiter" -x victim >"$scratch/pid" && [[ $(ps -o stat= -p "$(<"$scratch/pid")") != Z* ]]; do
		kill -USR1 "$(<"$scratch/pid")" 2>/dev/null || true
		sleep 0.1
	done
	finish "$waiter" waiter
	output=${output#*$'interrupt_at_signal 0\n'}
}

# Interrupts it for some time.
interrupt_for_a_while() {
	for _ in {1..10}; do
		pkill -USR1 -g "$waiter" -x victim
		sleep 0.1
	done
}

@test "a statement that waits for the write lock fails when it is interrupted, by SQLITE_BUSY as when its timeout is over" {
	hold
	for sql in 'INSERT INTO t VALUES(1)' 'BEGIN IMMEDIATE' 'BEGIN EXCLUSIVE' 'PRAGMA user_version=1' 'CREATE TABLE v(x)'; do
		run_plain victim 'open b t.db' "exec b $sql"
		expect $'open 0\nexec 5 database is locked'
		wait_in start_shim "${endless[@]}" "${victim_b[@]}" "exec b $sql"
		interrupt
		expect 'exec 5 database is locked'
	done
	release
}

@test "so does one that waits by the recipe's timeout" {
	hold
	began=$SECONDS
	wait_in start_shim "${victim_b[@]}" 'exec b INSERT INTO t VALUES(1)'
	interrupt
	expect 'exec 5 database is locked'
	((SECONDS - began < 25))
	release
}

@test "so does one by a VFS of the program's own" {
	hold delete
	SQLPROD_JOURNAL_MODE=keep wait_in start_shim "${endless[@]}" victim 'vfs own' 'open_v2 b file:t.db?vfs=own rw,uri' 'interrupt_at_signal b' 'exec b INSERT INTO t VALUES(1)'
	interrupt
	expect 'exec 5 database is locked'
	release
}

@test "with a rollback journal the waits of readers and writers end as well" {
	hold delete EXCLUSIVE
	for sql in 'SELECT count(*) FROM t' 'INSERT INTO t VALUES(1)' 'BEGIN IMMEDIATE' 'BEGIN; INSERT INTO t VALUES(1)'; do
		run_plain victim 'open b t.db' "exec b $sql"
		expect $'open 0\nexec 5 database is locked'
		wait_in start_shim "${endless[@]}" "${victim_b[@]}" "exec b $sql"
		interrupt
		expect 'exec 5 database is locked'
	done
	release
}

@test "a backup and a checkpoint that wait end as well" {
	hold
	run_plain victim 'open b t.db' 'backup b' 'exec b PRAGMA wal_checkpoint(restart)'
	expect $'open 0\nbackup 5\n1|0|0\nexec 0'
	wait_in start_shim "${endless[@]}" "${victim_b[@]}" 'backup b'
	interrupt
	expect 'backup 5'
	wait_in start_shim "${endless[@]}" "${victim_b[@]}" 'exec b PRAGMA wal_checkpoint(restart)'
	interrupt
	expect $'1|0|0\nexec 9 interrupted'
	release
}

@test "a program's own timeout is waited for, interrupted or not, and how it ends is SQLite's" {
	own=('busy_timeout b 2147483647' "${victim_b[@]:2}")
	for start in start_plain start_shim; do
		hold
		wait_in "$start" victim 'open b t.db' "${own[@]}" 'exec b INSERT INTO t VALUES(1)'
		interrupt_for_a_while
		release
		finish "$waiter" waiter
		[[ $output == *$'\nexec 9 interrupted' ]]
		[[ $(observer query t.db 'SELECT count(*) FROM t') == 1 ]]
		hold
		wait_in "$start" victim 'open b t.db' "${own[@]}" 'exec b BEGIN IMMEDIATE' 'exec b COMMIT'
		interrupt_for_a_while
		release
		finish "$waiter" waiter
		[[ $output == *$'\nexec 0\nexec 0' ]]
	done
}

@test "a read that waits for its reservation goes on when it is interrupted, so that SQLite interrupts it" {
	hold
	for begin in BEGIN 'BEGIN DEFERRED' 'SAVEPOINT s'; do
		run_plain victim 'open b t.db' "exec b $begin" 'exec b SELECT count(*) FROM t'
		expect $'open 0\nexec 0\n0\nexec 0'
		wait_in start_shim "${endless[@]}" "${victim_b[@]}" "exec b $begin" 'exec b SELECT count(*) FROM t' 'autocommit b'
		interrupt
		expect $'exec 0\nexec 9 interrupted\nautocommit 0'
	done
	release
}

@test "a plain BEGIN that waits, where a database is attached, ends as interrupted and has begun nothing" {
	hold
	run_plain victim 'open b t.db' "exec b ATTACH 'u.db' AS u" 'exec b BEGIN'
	expect $'open 0\nexec 0\nexec 0'
	wait_in start_shim "${endless[@]}" "${victim_b[@]}" "exec b ATTACH 'u.db' AS u" 'exec b BEGIN' 'autocommit b'
	interrupt
	expect $'exec 0\nexec 9 interrupted\nautocommit 1'
	release
}

@test "one that is not interrupted waits on, and so does the next one after it" {
	hold
	wait_in start_shim "${endless[@]}" "${victim_b[@]}" 'exec b INSERT INTO t VALUES(1)'
	release
	finish "$waiter" waiter
	[[ $output == *$'\nexec 0' ]]
	[[ $(observer query t.db 'SELECT count(*) FROM t') == 2 ]]
	hold
	barrier_make first
	wait_in start_shim "${endless[@]}" "${victim_b[@]}" 'exec b INSERT INTO t VALUES(1)' 'barrier first' \
		'exec b INSERT INTO t VALUES(2)'
	barrier_meet first &
	while kill -0 $! 2>/dev/null; do
		pkill -USR1 -g "$waiter" -x victim
		sleep 0.1
	done
	barrier_leave first
	wait_until_waits "$waiter"
	release
	finish "$waiter" waiter
	[[ $output == *$'\nexec 5 database is locked\nexec 0' ]]
}

@test "Ctrl-C ends the wait of the sqlite3 shell" {
	hold
	run_plain any sqlite3 t.db 'INSERT INTO t VALUES(1)'
	[[ $stderr == *'database is locked'* ]]
	start_shim waiter "${endless[@]}" sqlite3 t.db 'INSERT INTO t VALUES(1)'
	waiter=$started
	until [[ -n $(pgrep -g "$waiter" -x sqlite3) ]]; do sleep 0.1; done
	sleep 1
	# the second SIGINT would end the shell itself
	kill -INT "$(pgrep -g "$waiter" -x sqlite3)"
	finish "$waiter" waiter 5
	[[ $stderr == *'database is locked'* ]]
	release
}
