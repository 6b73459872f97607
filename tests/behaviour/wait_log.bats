# What is logged of a lock that is waited for, and of a transaction that held the write lock long.
load ../harness/harness

make_wal() {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)' >/dev/null
}

# hold SCRIPT... - a process without the library that holds a lock until `release`; its pid is in $holder.
hold() {
	barrier_make "$PWD/held"
	start_plain holder victim 'open a t.db' "$@" "barrier $PWD/held"
	barrier_meet held
	holding=$started
	holder=$(pgrep -g "$started" -x victim)
}

release() {
	barrier_leave held
	finish "$holding" holder
}

@test "a wait that ends in SQLITE_BUSY names pid and program of the holder, and that it has not written" {
	make_wal
	hold 'exec a BEGIN IMMEDIATE'
	run_plain 5 sqlite3 -cmd '.timeout 300' t.db 'INSERT INTO t VALUES(1)'
	[[ $stderr != *"$holder"* ]]
	SQLPROD_BUSY_TIMEOUT=300 run_shim victim 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
	expect_line 'exec 5 database is locked'
	expect_warnings 1 "sqlprod: $PWD/t.db: SQLITE_BUSY after a wait of *s: pid $holder (victim) has held the write lock for *s or longer and has not written to -wal in that time"
	release
}

@test "a holder that fills its cache meanwhile is seen to have written" {
	make_wal
	barrier_make "$PWD/began"
	start_plain holder victim 'open a t.db' 'exec a PRAGMA cache_size=10' 'exec a BEGIN IMMEDIATE' "barrier $PWD/began" \
		'exec a WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<30000000) INSERT INTO t SELECT randomblob(500) FROM n'
	barrier_meet began
	barrier_leave began
	SQLPROD_BUSY_TIMEOUT=3000 run_shim victim 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
	expect_warnings 1 '*: pid * (victim) has held the write lock for * and has written to -wal in that time'
}

@test "the holder is followed through the waits of a BEGIN and of its first statement" {
	make_wal
	hold 'exec a BEGIN IMMEDIATE'
	SQLPROD_BUSY_TIMEOUT=2500 run_shim victim 'open b t.db' 'exec b BEGIN' 'exec b INSERT INTO t VALUES(1)'
	expect_line 'exec 5 database is locked'
	expect_warnings 1 "*: pid $holder (victim) has held the write lock for [1-9]*.* s or longer *"
	release
}

@test "a wait that passes SQLPROD_LOG_WAIT is logged while it lasts, once, and then goes on" {
	make_wal
	hold 'exec a BEGIN IMMEDIATE'
	SQLPROD_LOG_WAIT=300 SQLPROD_LOG=$scratch/log start_shim waiter victim 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
	until [[ -s $scratch/log ]]; do sleep 0.05; done
	[[ $(<"$scratch/log") == "sqlprod: $PWD/t.db: has waited for "*"s: pid $holder (victim) has held the write lock for "* ]]
	waiter=$started
	release
	finish "$waiter" waiter
	[[ $output == $'open 0\nexec 0' && $(wc -l <"$scratch/log") -eq 1 ]]
}

@test "nothing is logged of a short wait, nor with SQLPROD_LOG_WAIT=0" {
	make_wal
	hold 'exec a BEGIN IMMEDIATE'
	SQLPROD_BUSY_TIMEOUT=300 SQLPROD_LOG_WAIT=0 run_shim victim 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
	expect_line 'exec 5 database is locked'
	expect_quiet
	start_shim waiter victim 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
	waiter=$started
	wait_until_waits "$waiter"
	release
	finish "$waiter" waiter
	expect_quiet
}

@test "a process that fails time and again fills no log" {
	make_wal
	hold 'exec a BEGIN IMMEDIATE'
	SQLPROD_BUSY_TIMEOUT=20 run_shim victim 'open b t.db' 'repeat 50' 'exec b INSERT INTO t VALUES(1)' 'end'
	[[ $(grep -c '^exec 5' <<<"$output") -eq 50 ]]
	expect_warnings 1 '*SQLITE_BUSY*'
	release
}

@test "a stopped holder is said to be stopped" {
	make_wal
	hold 'exec a BEGIN IMMEDIATE'
	kill -STOP "$holder"
	for _ in {1..500}; do [[ $(<"/proc/$holder/stat") != *') T '* ]] || break && sleep 0.01; done
	SQLPROD_BUSY_TIMEOUT=300 run_shim victim 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
	kill -CONT "$holder"
	expect_warnings 1 "*: pid $holder (victim, which is stopped) has held the write lock for *"
	release
}

@test "the lock of a rollback journal is named, and a reader that keeps a commit waiting" {
	observer query t.db 'CREATE TABLE t(x); INSERT INTO t VALUES(1)' >/dev/null
	export SQLPROD_JOURNAL_MODE=keep SQLPROD_BUSY_TIMEOUT=300
	hold 'exec a BEGIN IMMEDIATE'
	run_shim victim 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
	expect_warnings 1 "*: pid $holder (victim) has held the write lock for *-journal in that time"
	release
	rm held.*
	hold 'exec a BEGIN' 'exec a SELECT * FROM t'
	run_shim victim 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
	expect_warnings 1 "*: pid $holder (victim) has held a read lock for *"
	release
}

@test "a reader that keeps a checkpoint waiting is named" {
	make_wal
	observer query t.db 'INSERT INTO t VALUES(1)' >/dev/null
	hold 'exec a PRAGMA wal_autocheckpoint=0' 'exec a INSERT INTO t VALUES(2)' 'exec a BEGIN' 'exec a SELECT * FROM t'
	SQLPROD_BUSY_TIMEOUT=500 run_shim victim 'open b t.db' 'exec b INSERT INTO t VALUES(3)' 'exec b PRAGMA wal_checkpoint(TRUNCATE)'
	expect_warnings 1 "*SQLITE_BUSY*: pid $holder (victim) has held a read lock for *"
	release
}

@test "another connection of the process is said to be that" {
	make_wal
	SQLPROD_BUSY_TIMEOUT=300 run_shim victim 'open a t.db' 'open b t.db' 'exec a BEGIN IMMEDIATE' 'exec a INSERT INTO t VALUES(1)' \
		'exec b INSERT INTO t VALUES(1)' 'exec a COMMIT'
	expect_line 'exec 5 database is locked'
	expect_warnings 1 '*: another connection of this process holds the write lock, and the thread that waits is its own'
}

@test "a holder in an outer pid namespace is said to be invisible, one in an inner is named" {
	need_root
	unshare --pid --fork true 2>/dev/null || skip "no pid namespaces here"
	make_wal
	hold 'exec a BEGIN IMMEDIATE'
	# the leak checker cannot stop the threads of a process in a pid namespace of its own
	[[ -z ${ASAN_OPTIONS:-} ]] || export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	SQLPROD_BUSY_TIMEOUT=300 run_shim unshare --pid --fork --mount-proc victim 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
	expect_warnings 1 '*: a process that is not visible from here has held the write lock for *'
	release
	rm held.*
	barrier_make "$PWD/held"
	start_plain holder unshare --pid --fork victim 'open a t.db' 'exec a BEGIN IMMEDIATE' "barrier $PWD/held"
	holding=$started
	barrier_meet held
	SQLPROD_BUSY_TIMEOUT=300 run_shim victim 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
	expect_warnings 1 "*: pid $(pgrep -g "$holding" -x victim) (victim) has held the write lock for *"
	release
}

@test "another user's process is named" {
	need_root
	make_wal
	chmod 777 "$scratch" "$scratch/work" && chmod 666 t.db*
	hold 'exec a BEGIN IMMEDIATE'
	SQLPROD_BUSY_TIMEOUT=300 run_app as-nobody env LD_PRELOAD="$preload" victim 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
	expect_line 'exec 5 database is locked'
	expect_warnings 1 "*: pid $holder (victim) has held the write lock for *"
	release
}

@test "a program's name drives no terminal" {
	make_wal
	cp "$build/programs/victim" $'vic\e[31m\ntim'
	barrier_make "$PWD/held"
	start_plain holder ./$'vic\e[31m\ntim' 'open a t.db' 'exec a BEGIN IMMEDIATE' "barrier $PWD/held"
	holding=$started
	barrier_meet held
	SQLPROD_BUSY_TIMEOUT=300 run_shim victim 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
	expect_warnings 1 '*has held the write lock*'
	[[ $stderr != *$'\e'* ]]
	release
}

# held_for SECONDS FIRST LAST - a process with the library runs both lines, with so long between them.
held_for() {
	barrier_make "$PWD/held"
	start_shim holder victim 'open a t.db' 'exec a BEGIN IMMEDIATE' "$2" "barrier $PWD/held" "$3"
	holding=$started
	barrier_meet held
	sleep "$1"
	release
	rm held.*
}

@test "a transaction that held the write lock longer than SQLPROD_LOG_TRANSACTION says so when it ends" {
	make_wal
	SQLPROD_LOG_TRANSACTION=200 held_for 0.3 'exec a INSERT INTO t VALUES(1)' 'exec a COMMIT'
	expect_warnings 1 "sqlprod: $PWD/t.db: a transaction held the write lock for *.* s and committed changes"
	SQLPROD_LOG_TRANSACTION=200 held_for 0.3 'exec a INSERT INTO t VALUES(1)' 'exec a ROLLBACK'
	expect_warnings 1 '*: a transaction held the write lock for *.* s and committed nothing'
}

@test "nothing is logged of a short transaction, nor with SQLPROD_LOG_TRANSACTION=0" {
	make_wal
	held_for 0 'exec a INSERT INTO t VALUES(1)' 'exec a COMMIT'
	expect_quiet
	SQLPROD_LOG_TRANSACTION=0 held_for 0.3 'exec a INSERT INTO t VALUES(1)' 'exec a COMMIT'
	expect_quiet
}

@test "others that waited meanwhile are mentioned" {
	make_wal
	barrier_make "$PWD/held"
	SQLPROD_LOG_TRANSACTION=1 start_shim holder victim 'open a t.db' 'exec a BEGIN IMMEDIATE' "barrier $PWD/held" 'exec a COMMIT'
	holding=$started
	barrier_meet held
	start_shim waiter victim 'open b t.db' 'exec b INSERT INTO t VALUES(1)'
	waiter=$started
	wait_until_waits "$waiter"
	release
	expect_warnings 1 '*: a transaction held the write lock for *s while others waited, and committed nothing. SQLPROD_BEGIN=reserve *'
	finish "$waiter" waiter
}

@test "no SQL and no value of a statement is logged" {
	make_wal
	hold 'exec a BEGIN IMMEDIATE'
	SQLPROD_BUSY_TIMEOUT=300 SQLPROD_LOG_LEVEL=debug SQLPROD_LOG_TRANSACTION=1 run_shim victim 'open b t.db' "exec b INSERT INTO t VALUES('canary')"
	[[ $stderr == *SQLITE_BUSY* && $stderr != *canary* && $stderr != *INSERT* ]]
	release
}
