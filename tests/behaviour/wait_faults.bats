# Processes that are killed, stopped, forked or gone while they wait or are about to get the lock.
load ../harness/harness

hold() {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)' >/dev/null
	barrier_make held
	start_shim holder victim 'open a t.db' 'exec a BEGIN IMMEDIATE; INSERT INTO t VALUES(0)' 'barrier held' 'exec a COMMIT'
	holder=$started
	barrier_meet held
}

release() {
	barrier_leave held
	finish "$holder" holder
}

# queue NAME N - a waiter that is seen waiting; its pid is in $started
queue() {
	start_shim "$1" victim 'open b t.db' "exec b INSERT INTO t VALUES($2)"
	wait_until_waits "$started"
}

victim_of() {
	pgrep -g "$1" -x victim
}

rows() {
	observer query t.db 'SELECT group_concat(x) FROM (SELECT x FROM t ORDER BY x)'
}

@test "the next waiter gets the lock when the first one is killed" {
	hold
	queue first 1
	first=$started
	queue second 2
	second=$started
	kill -KILL "$(victim_of "$first")"
	release
	finish "$second" second
	[[ $(rows) == 0,2 ]]
}

@test "the next waiter gets the lock when the first one is stopped, and the first when it is continued" {
	hold
	queue first 1
	first=$started
	queue second 2
	second=$started
	stopped=$(victim_of "$first")
	kill -STOP "$stopped"
	release
	finish "$second" second
	[[ $(rows) == 0,2 ]]
	kill -CONT "$stopped"
	finish "$first" first
	[[ $(rows) == 0,1,2 ]]
}

@test "a new writer gets the lock when all waiters are stopped" {
	hold
	queue first 1
	first=$started
	stopped=$(victim_of "$first")
	kill -STOP "$stopped"
	release
	run_shim victim 'open c t.db' 'exec c INSERT INTO t VALUES(3)' 'exec c INSERT INTO t VALUES(4)'
	[[ $(rows) == 0,3,4 ]]
	kill -CONT "$stopped"
	finish "$first" first
	[[ $(rows) == 0,1,3,4 ]]
}

@test "a waiter gets the lock when its holder is killed in a transaction" {
	hold
	queue first 1
	kill -KILL "$(victim_of "$holder")"
	finish "$started" first
	[[ $(rows) == 1 ]]
}

@test "a waiter gets the lock when its holder rolls back" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)' >/dev/null
	barrier_make held
	start_shim holder victim 'open a t.db' 'exec a BEGIN; INSERT INTO t VALUES(0)' 'barrier held' 'exec a ROLLBACK' 'barrier end'
	barrier_make end
	holder=$started
	barrier_meet held
	queue first 1
	waiter=$started
	barrier_leave held
	finish "$waiter" first
	[[ $(rows) == 1 ]]
	barrier_meet end
	barrier_leave end
	finish "$holder" holder
}

@test "a waiter that is killed just before it gets the lock does not delay the others" {
	start_shim crowd contention t.db defaults processes 6 200 0 5
	crowd=$started
	killed=0
	until [[ -s t.db-wal ]]; do sleep 0.01; done
	for i in 1 2 3 4 5 6 7 8 9 10; do
		barrier_make "ready$i"
		start_shim "killed$i" victim 'open b t.db' 'exec b CREATE TABLE IF NOT EXISTS t(x)' "barrier ready$i" 'repeat 100000' 'exec b INSERT INTO t VALUES(1)' 'end'
		barrier_meet "ready$i"
		barrier_leave "ready$i"
		wait_until_waits "$started"
		# On a slow machine the crowd is done before the ten are, and the last one with it.
		kill -KILL "$(victim_of "$started")" || break
		((killed += 1))
	done
	((killed > 0))
	finish "$crowd" crowd
	[[ ${output%%$'\n'*} == *' 0 0' ]]
	[[ $(observer query t.db 'PRAGMA integrity_check') == ok ]]
}

@test "a child of fork waits with a connection of its own, and the parent with its own" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)' >/dev/null
	run_shim victim quiet 'open a t.db' 'exec a INSERT INTO t VALUES(0)' 'fork' 'open b t.db' 'repeat 50' 'exec b BEGIN' 'exec b INSERT INTO t VALUES(1)' 'exec b COMMIT' 'end' 'close b' 'end' \
		'repeat 50' 'exec a BEGIN' 'exec a INSERT INTO t VALUES(2)' 'exec a COMMIT' 'end' 'close a'
	[[ $(observer query t.db 'SELECT count(*) FROM t') == 101 ]]
}

@test "a statement that outlives its connection still waits" {
	hold
	barrier_make ready
	start_shim zombie victim 'open b t.db' 'prepare b s v2 -1 INSERT INTO t VALUES(1)' 'close_v2 b' 'barrier ready' 'step s' 'finalize s'
	barrier_meet ready
	barrier_leave ready
	wait_until_waits "$started"
	release
	finish "$started" zombie
	[[ $output == *'step 101'* && $(rows) == 0,1 ]]
}

@test "handles that reuse an address wait correctly among many writers" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)' >/dev/null
	run_shim victim quiet 'threads 8' 'repeat 40' 'open a%t t.db' 'exec a%t BEGIN' 'exec a%t INSERT INTO t VALUES(1)' 'exec a%t COMMIT' 'close a%t' 'end' 'end'
	expect ''
	[[ $(observer query t.db 'SELECT count(*) FROM t') == 320 ]]
}

@test "a full or missing /dev/shm changes nothing" {
	need_root
	# what lies below the mount could not be opened any more
	[[ $scratch != /dev/shm/* ]] || {
		rm -r "$scratch"
		TMPDIR=/tmp setup
	}
	run_app unshare --mount sh -c 'mount -t tmpfs -o size=4k,ro none /dev/shm && exec env LD_PRELOAD="$0" contention t.db defaults processes 4 0 0 0.3' "$preload"
	[[ ${lines[0]} == *' 0 0' ]]
}
