# How long a connection waits for a lock: the recipe is a floor, the operator is exact, a program's own handler stays.
load ../harness/harness

@test "a program's short timeout, even 0, is raised to the recipe's" {
	for ms in 0 5 5000 29999 -1; do
		for set in "busy_timeout a $ms" "exec a PRAGMA busy_timeout=$ms" "exec a pragma Busy_Timeout ( $ms )" "get_table a PRAGMA busy_timeout=$ms"; do
			run_plain victim 'open a t.db' "$set" 'exec a PRAGMA busy_timeout'
			[[ ${lines[-2]} == $((ms < 0 ? 0 : ms)) ]]
			run_shim victim 'open a t.db' "$set" 'exec a PRAGMA busy_timeout'
			[[ ${lines[-2]} == 30000 ]]
		done
	done
}

@test "PRAGMA busy_timeout with a value returns the timeout in force" {
	run_shim victim 'open a t.db' 'exec a PRAGMA busy_timeout=5' 'exec a PRAGMA busy_timeout=0' \
		'exec a PRAGMA busy_timeout=45000' 'exec a PRAGMA busy_timeout'
	expect $'open 0\n30000\nexec 0\n30000\nexec 0\n45000\nexec 0\n45000\nexec 0'
}

@test "a program's longer timeout stays" {
	run_shim victim 'open a t.db' 'busy_timeout a 60000' 'exec a PRAGMA busy_timeout' 'exec a CREATE TABLE t(x)' \
		'exec a BEGIN' 'exec a COMMIT' 'exec a PRAGMA busy_timeout' 'busy_timeout a 1' 'exec a PRAGMA busy_timeout'
	[[ $(grep -E '^[0-9]+$' <<<"$output" | xargs) == '60000 60000 30000' ]]
}

@test "the operator's timeout is exact, below and above the program's" {
	for ms in 0 250 100000; do
		export SQLPROD_BUSY_TIMEOUT=$ms
		run_shim victim 'open a t.db' 'exec a PRAGMA busy_timeout' 'busy_timeout a 5000' \
			'exec a PRAGMA busy_timeout' 'exec a PRAGMA busy_timeout=70000' \
			'exec a CREATE TABLE IF NOT EXISTS t(x)' 'exec a PRAGMA busy_timeout'
		[[ $(grep -E '^[0-9]+$' <<<"$output" | xargs) == "$ms $ms $ms $ms" ]]
	done
}

@test "keep leaves the timeout to the program" {
	SQLPROD_BUSY_TIMEOUT=keep run_shim victim 'open a t.db' 'exec a PRAGMA busy_timeout' 'busy_timeout a 5' \
		'exec a CREATE TABLE t(x)' 'exec a PRAGMA busy_timeout' 'exec a PRAGMA busy_timeout=0'
	[[ $(grep -E '^[0-9]+$' <<<"$output" | xargs) == '0 5 0' ]]
}

@test "every call to prepare and every way to write it raises the timeout" {
	for api in v1 v2 v3 16 16_v2 16_v3; do
		run_shim victim 'open a t.db' "prepare a s $api length PRAGMA busy_timeout=7" 'step s' 'finalize s' \
			"prepare a s $api -1 /**/pragma main.[busy_timeout] ( '7' ) ;x" 'step s' 'finalize s'
		[[ $(grep -cx 30000 <<<"$output") -eq 2 ]]
		[[ $output != *$'\n7\n'* ]]
	done
	run_shim victim 'open a t.db' 'exec a SELECT 1; PRAGMA busy_timeout=7; SELECT 2' 'exec a PRAGMA busy_timeout'
	expect $'open 0\n1\n30000\n2\nexec 0\n30000\nexec 0'
}

@test "a program's own busy handler stays, is called as before, and makes PRAGMA busy_timeout 0" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'
	for run in run_plain run_shim; do
		$run victim 'open b t.db' 'open a t.db' 'busy_handler a on' 'exec a PRAGMA busy_timeout' \
			'exec b BEGIN IMMEDIATE' 'exec a SELECT count(*) FROM t' 'handler_calls a' \
			'exec a INSERT INTO t VALUES(1)' 'handler_calls a' \
			'exec a PRAGMA busy_timeout' 'exec a BEGIN IMMEDIATE' 'handler_calls a' 'exec b COMMIT' \
			'exec a BEGIN; COMMIT' 'handler_calls a'
		expect $'open 0\nopen 0\nbusy_handler 0\n0\nexec 0\nexec 0\n0\nexec 0\nhandler_calls 0\nexec 5 database is locked\nhandler_calls 4\n0\nexec 0\nexec 5 database is locked\nhandler_calls 8\nexec 0\nexec 0\nhandler_calls 8'
	done
}

@test "a program's own busy handler stays even if the operator sets a timeout, and a transaction waits by it but does not fail" {
	observer query t.db 'CREATE TABLE t(x)'
	barrier_make held
	start_shim holder victim 'open b t.db' 'exec b BEGIN IMMEDIATE' 'exec b INSERT INTO t VALUES(1)' 'barrier held' 'exec b COMMIT'
	holder=$started
	barrier_meet held
	SQLPROD_BUSY_TIMEOUT=60000 SQLPROD_RESERVE=60000 run_shim victim 'open a t.db' 'busy_handler a on' 'exec a BEGIN' 'handler_calls a' \
		'exec a SELECT count(*) FROM t' 'handler_calls a' 'exec a PRAGMA busy_timeout'
	expect $'open 0\nbusy_handler 0\nexec 0\nhandler_calls 0\n0\nexec 0\nhandler_calls 4\n0\nexec 0'
	barrier_leave held
	finish "$holder" holder
	# where another database is attached BEGIN is IMMEDIATE
	SQLPROD_BUSY_TIMEOUT=60000 run_shim victim 'open b t.db' 'open a t.db' "exec a ATTACH 'u.db' AS u" 'busy_handler a on' 'exec b BEGIN IMMEDIATE' \
		'exec a BEGIN' 'handler_calls a' 'exec a PRAGMA busy_timeout'
	expect $'open 0\nopen 0\nexec 0\nbusy_handler 0\nexec 0\nexec 0\nhandler_calls 4\n0\nexec 0'
}

@test "no setting applied at first use calls the program's busy handler" {
	observer query t.db 'CREATE TABLE t(x)'
	for run in run_plain run_shim; do
		SQLPROD_JOURNAL_MODE=keep $run victim 'open b t.db' 'exec b BEGIN EXCLUSIVE' 'open a t.db' 'busy_handler a on' \
			'exec a SELECT count(*) FROM t' 'handler_calls a'
		expect_line 'handler_calls 4'
	done
}

@test "what is read again for sqlite3_prepare() at first use does not call the program's busy handler" {
	observer query t.db 'CREATE TABLE t(x)'
	for run in run_plain run_shim; do
		$run victim 'open b t.db' 'exec b PRAGMA journal_mode=delete' 'exec b BEGIN EXCLUSIVE' 'open a t.db' 'busy_handler a on' \
			'prepare a s v1 -1 SELECT count(*) FROM t' 'handler_calls a'
		expect_line 'handler_calls 4'
	done
}

@test "the library's switch to WAL does not call the program's busy handler" {
	observer query t.db 'CREATE TABLE t(x)'
	run_shim victim 'open b t.db' 'exec b PRAGMA journal_mode=delete' 'exec b BEGIN IMMEDIATE' 'open a t.db' \
		'busy_handler a on' 'exec a SELECT count(*) FROM t' 'handler_calls a' 'exec a BEGIN' 'handler_calls a'
	expect_line 'handler_calls 0'
	expect_line 'handler_calls 4'
}

@test "a connection whose busy handler is removed has the recipe's timeout again" {
	run_shim victim 'open a t.db' 'busy_handler a on' 'exec a PRAGMA busy_timeout' 'busy_handler a off' \
		'exec a PRAGMA busy_timeout' 'busy_handler a on' 'busy_timeout a 5' 'exec a PRAGMA busy_timeout'
	[[ $(grep -E '^[0-9]+$' <<<"$output" | xargs) == '0 30000 30000' ]]
	SQLPROD_BUSY_TIMEOUT=77 run_shim victim 'open a t.db' 'busy_handler a on' 'busy_handler a off' 'exec a PRAGMA busy_timeout'
	expect_line 77
}

# A holder keeps the write lock until the waiter was seen waiting, or is gone; leaves the waiter's output.
contend() {
	local start=$1 holder
	rm -f t.db* ./*.here ./*.go
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'
	barrier_make held
	start_plain holder victim 'open a t.db' 'exec a BEGIN IMMEDIATE; INSERT INTO t VALUES(1)' 'barrier held' 'exec a COMMIT'
	holder=$started
	barrier_meet held
	barrier_make ready
	"$start" waiter victim 'open a t.db' 'busy_timeout a 0' 'exec a SELECT count(*) FROM t' 'barrier ready' \
		'exec a BEGIN' 'exec a INSERT INTO t VALUES(2)' 'exec a COMMIT'
	barrier_meet ready
	barrier_leave ready
	wait_until_waits "$started"
	barrier_leave held
	finish "$holder" holder
	finish "$started" waiter
}

@test "a program with a timeout of 0 waits for the write lock and gets it" {
	contend start_plain
	[[ $output == *'exec 5 database is locked'* ]]
	[[ $(observer query t.db 'SELECT count(*) FROM t') == 1 ]]
	contend start_shim
	[[ $output == $'open 0\nbusy_timeout 0\n0\nexec 0\nexec 0\nexec 0\nexec 0' ]]
	[[ $(observer query t.db 'SELECT count(*) FROM t') == 2 ]]
}

@test "with a rollback journal a transaction waits the recipe's timeout once, at its BEGIN, and then as long as its program asked" {
	observer query t.db 'CREATE TABLE t(x)'
	barrier_make held
	start_plain holder victim 'open a t.db' 'exec a BEGIN IMMEDIATE' 'barrier held' 'exec a COMMIT'
	holder=$started
	barrier_meet held
	began=$SECONDS
	SQLPROD_JOURNAL_MODE=keep run_shim any victim 'open b t.db' 'busy_timeout b 100' 'exec b BEGIN' 'exec b INSERT INTO t VALUES(1)' 'exec b ROLLBACK'
	took=$((SECONDS - began))
	[[ $output == *$'\nexec 0\nexec 5 database is locked\nexec 0' ]]
	((took >= 29 && took < 55)) || fail "$took s"
	barrier_leave held
	finish "$holder" holder
	# without the library it is the program's own timeout alone
	run_plain victim 'open b t.db' 'busy_timeout b 100' 'exec b BEGIN' 'exec b INSERT INTO t VALUES(1)' 'exec b COMMIT'
	expect_line 'exec 0'
}

@test "BEGIN IMMEDIATE or EXCLUSIVE that is only tried, with a timeout of 0, waits as any other, and does not with the timeout left to the program" {
	for begin in IMMEDIATE EXCLUSIVE; do
		rm -f t.db* held.*
		observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'
		barrier_make held
		start_shim holder victim 'open a t.db' 'exec a BEGIN IMMEDIATE' 'barrier held' 'exec a COMMIT'
		holder=$started
		barrier_meet held
		tries=(victim 'open b t.db' 'busy_timeout b 0' "exec b BEGIN $begin")
		for run in run_plain:keep run_shim:keep run_shim:0; do
			SQLPROD_BUSY_TIMEOUT=${run#*:} "${run%:*}" "${tries[@]}"
			[[ $output == *$'\nexec 5 database is locked' ]]
		done
		start_shim waiter "${tries[@]}"
		waiter=$started
		wait_until_waits "$waiter"
		barrier_leave held
		finish "$holder" holder
		finish "$waiter" waiter
		[[ $output == *$'\nexec 0' ]]
	done
}

@test "a program waits for the write lock with SQLPROD_BUSY_WAIT=sqlite too" {
	export SQLPROD_BUSY_WAIT=sqlite
	contend start_shim
	[[ $output != *'exec 5'* ]]
}

# The same with a rollback journal, for a waiter that switches to WAL by these lines.
contend_for_switch() {
	local start=$1 holder
	shift
	rm -f t.db* ./*.here ./*.go
	observer query t.db 'CREATE TABLE t(x)'
	barrier_make held
	start_plain holder victim 'open a t.db' 'exec a BEGIN IMMEDIATE; INSERT INTO t VALUES(1)' 'barrier held' 'exec a COMMIT'
	holder=$started
	barrier_meet held
	barrier_make ready
	"$start" waiter victim 'open a t.db' 'busy_timeout a 60000' 'barrier ready' "$@"
	barrier_meet ready
	barrier_leave ready
	wait_until_waits "$started"
	barrier_leave held
	finish "$holder" holder
	finish "$started" waiter
}

@test "a program that switches to WAL itself waits for a writer, as long as it has asked to wait" {
	contend_for_switch start_plain 'exec a PRAGMA journal_mode=WAL'
	expect $'open 0\nbusy_timeout 0\nexec 5 database is locked'
	contend_for_switch start_shim 'exec a PRAGMA journal_mode=WAL'
	expect $'open 0\nbusy_timeout 0\nwal\nexec 0'
	contend_for_switch start_shim 'prepare a s v2 -1 PRAGMA main.journal_mode = wal' 'step s' 'finalize s'
	[[ $output == *$'\nwal\nstep 100\n'* && $(outside_pragma t.db journal_mode) == wal ]]
}

@test "such a switch waits neither for a writer of its own thread nor longer than was asked" {
	observer query t.db 'CREATE TABLE t(x)'
	for run in run_plain run_shim; do
		$run victim 'open b t.db' 'exec b PRAGMA journal_mode=delete' 'exec b BEGIN IMMEDIATE' 'open a t.db' \
			'busy_timeout a 100000' 'exec a PRAGMA journal_mode=WAL'
		expect_line 'exec 5 database is locked'
		[[ $(outside_pragma t.db journal_mode) == delete ]]
	done
	barrier_make held
	start_plain holder victim 'open a t.db' 'exec a BEGIN IMMEDIATE; INSERT INTO t VALUES(1)' 'barrier held' 'exec a COMMIT'
	holder=$started
	barrier_meet held
	run_shim victim 'open a t.db' 'busy_timeout a 0' 'exec a PRAGMA journal_mode=WAL'
	[[ $output == *'exec 5 database is locked' ]]
	barrier_leave held
	finish "$holder" holder
}

@test "many processes that switch to WAL themselves at once fail for none" {
	switches=()
	for i in {1..25}; do
		switches+=("open a t$i.db" 'busy_timeout a 20000' 'exec a PRAGMA journal_mode=WAL' 'exec a INSERT INTO t VALUES(1)' 'close a')
		observer query "t$i.db" 'CREATE TABLE t(x)'
	done
	pids=()
	for i in 1 2 3 4 5 6; do
		start_shim "p$i" victim "${switches[@]}"
		pids+=("$started")
	done
	for i in 1 2 3 4 5 6; do
		finish "${pids[i - 1]}" "p$i"
		[[ $output != *locked* && -z $stderr ]]
	done
	for i in {1..25}; do
		[[ $(observer query "t$i.db" 'SELECT count(*) FROM t') == 6 ]]
	done
}

@test "a process killed while it holds the write lock, or waits for it, blocks no other" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'
	barrier_make held
	start_shim holder victim 'open a t.db' 'exec a BEGIN; INSERT INTO t VALUES(0)' 'barrier held'
	holder=$started
	barrier_meet held
	pids=()
	for i in 1 2 3 4; do
		start_shim "waiter$i" victim quiet 'open a t.db' 'repeat 20' 'exec a BEGIN' 'exec a INSERT INTO t VALUES(1)' \
			'exec a COMMIT' 'end'
		pids+=("$started")
		wait_until_waits "$started"
	done
	kill -KILL -- "-${pids[0]}" "-$holder"
	for i in 2 3 4; do
		finish "${pids[i - 1]}" "waiter$i"
		[[ -z $output && -z $stderr ]]
	done
	[[ $(observer query t.db 'SELECT count(*) FROM t') == 60 ]]
	[[ $(observer query t.db 'PRAGMA integrity_check') == ok ]]
}

@test "programs with the library and without it wait for each other and lose nothing" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(n); INSERT INTO t VALUES(0)'
	pids=()
	for i in 1 2 3 4; do
		start=start_shim
		((i % 2)) || start=start_plain
		"$start" "p$i" victim quiet 'open a t.db' 'busy_timeout a 60000' 'repeat 50' 'exec a BEGIN IMMEDIATE' \
			'exec a UPDATE t SET n=n+1' 'exec a COMMIT' 'end' 'close a'
		pids+=("$started")
	done
	for i in 1 2 3 4; do
		finish "${pids[i - 1]}" "p$i"
		[[ -z $output ]]
	done
	[[ $(observer query t.db 'SELECT n FROM t') == 200 ]]
}
