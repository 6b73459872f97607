# After a plain BEGIN the write lock is seen taken from outside, and nobody with the library waits for it: from the first BEGIN of a
# process on.
load ../harness/harness

make_database() {
	rm -f t.db* held.*
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(n); INSERT INTO t VALUES(0)' >/dev/null
}

# A transaction begins with these statements after its BEGIN, and is left at its barrier: stays RUN STATEMENT…
stays() {
	local run=$1
	shift
	make_database
	barrier_make held
	"start_$run" holder victim 'open a t.db' 'exec a BEGIN' "$@" 'barrier held' 'exec a UPDATE t SET n=n+1' 'exec a COMMIT' 'close a'
	holder=$started
	barrier_meet held
}

write=('open b t.db' 'exec b UPDATE t SET n=n+10' 'close b')

@test "the first BEGIN of a process that idles keeps no writer with the library waiting, and shows the lock as taken" {
	for run in plain:free shim:held; do
		stays "${run%:*}"
		[[ $(observer lock t.db) == "${run#*:}" ]]
		# SQLite's own timeout is no help: the writer would wait as long as the other idles
		SQLPROD_BUSY_TIMEOUT=0 "run_${run%:*}" victim "${write[@]}"
		expect $'open 0\nexec 0\nclose 0'
		[[ $(observer lock t.db) == "${run#*:}" ]]
		barrier_leave held
		finish "$holder" holder
		[[ $output != *'exec 5'* ]]
		[[ $(observer query t.db 'SELECT n FROM t') == 11 && $(observer lock t.db) == free ]]
	done
}

@test "with SQLPROD_BEGIN=immediate an idle BEGIN keeps a writer out" {
	export SQLPROD_BEGIN=immediate SQLPROD_BUSY_TIMEOUT=0
	stays shim
	run_shim victim "${write[@]}"
	[[ $output == *'exec 5 database is locked'* ]]
	barrier_leave held
	finish "$holder" holder
}

@test "the first BEGIN of a process that only reads keeps a writer with the library waiting no longer than a reservation lasts" {
	export SQLPROD_RESERVE=100
	for begin in auto immediate; do
		SQLPROD_BEGIN=$begin stays shim 'exec a SELECT n FROM t'
		[[ $(observer lock t.db) == held ]]
		SQLPROD_BUSY_TIMEOUT=1000 run_shim victim "${write[@]}"
		if [[ $begin == auto ]]; then
			expect $'open 0\nexec 0\nclose 0'
		else
			[[ $output == *'exec 5 database is locked'* ]]
		fi
		barrier_leave held
		finish "$holder" holder
	done
}

@test "within its reservation a transaction that reads and then writes fails neither for a program with the library nor for one without" {
	export SQLPROD_RESERVE=60000
	for run in plain shim; do
		stays "$run" 'exec a SELECT n FROM t'
		run_plain victim "${write[@]}"
		[[ $output == *'exec 5'* || $run == plain ]]
		start_shim writer victim "${write[@]}"
		writer=$started
		[[ $run == plain ]] || wait_until_waits "$writer"
		barrier_leave held
		finish "$holder" holder
		[[ $output == *'exec 5'* || $run == shim ]]
		[[ $output != *'exec 5'* || $run == plain ]]
		finish "$writer" writer
		[[ $output != *'exec 5'* ]]
	done
}

@test "a transaction that ends without having read leaves no lock, however it ends" {
	export SQLPROD_RESERVE=60000
	make_database
	ends=('exec a COMMIT' 'exec a END TRANSACTION' 'exec a /**/ rollback' 'get_table a commit' 'close a')
	for end in "${ends[@]}"; do
		run_shim victim 'open a t.db' 'exec a BEGIN' 'sh observer lock t.db' "$end" 'sh observer lock t.db'
		[[ $(grep -x 'held\|free' <<<"$output" | xargs) == 'held free' ]]
	done
	run_shim victim 'open a t.db' 'prepare a b v3 -1 BEGIN' 'prepare a c 16_v2 -1 COMMIT' 'repeat 3' 'step b' 'reset b' 'sh observer lock t.db' \
		'step c' 'reset c' 'sh observer lock t.db' 'end' 'finalize b' 'finalize c' 'close a'
	[[ $(grep -x 'held\|free' <<<"$output" | xargs) == 'held free held free held free' ]]
	run_plain victim 'open a t.db' 'exec a BEGIN' 'sh observer lock t.db'
	expect_line free
}

@test "a transaction that only looked at settings, failed, or went back to a savepoint leaves no lock either" {
	make_database
	for inside in 'exec a PRAGMA cache_size' 'exec a SELECT nonsense' 'exec a BEGIN' 'exec a SAVEPOINT s; ROLLBACK TO s; RELEASE s' 'exec a SELECT n FROM t' \
		'exec a UPDATE t SET n=5' 'exec a EXPLAIN COMMIT'; do
		for end in COMMIT ROLLBACK; do
			run_shim victim 'open a t.db' 'exec a BEGIN' "$inside" "exec a $end" 'sh observer lock t.db' 'close a'
			expect_line free
		done
	done
}

@test "a transaction under an open cursor leaves no lock, though the cursor stays open" {
	make_database
	observer query t.db 'INSERT INTO t VALUES(1),(2)'
	for inside in 'exec a SELECT count(*) FROM t' 'exec a UPDATE t SET n=5' 'autocommit a'; do
		for end in COMMIT ROLLBACK; do
			run_shim victim 'open a t.db' 'prepare a s v2 -1 SELECT n FROM t' 'step s' 'exec a BEGIN' 'sh observer lock t.db' "$inside" "exec a $end" \
				'sh observer lock t.db' 'finalize s' 'sh observer lock t.db' 'close a'
			[[ $(grep -x 'held\|free' <<<"$output" | xargs) == 'held free free' ]]
		done
	done
}

@test "a program's trace sees each of its statements once, also where it keeps its BEGIN" {
	make_database
	script=('open a t.db' 'trace a' 'prepare a b v2 -1 BEGIN' 'prepare a s v2 -1 SELECT n FROM t' 'repeat 2' 'step b' 'reset b' 'step s' 'reset s' 'exec a UPDATE t SET n=1' 'exec a COMMIT' 'end'
		'exec a BEGIN' 'exec a COMMIT' 'exec a SELECT 1' 'finalize b' 'finalize s' 'close a')
	run_plain victim "${script[@]}"
	wanted=$output
	make_database
	run_shim victim "${script[@]}"
	expect "$wanted"
}

@test "writers with the library exclude each other while a transaction that has begun shares the lock, and programs without it stay out" {
	stays shim
	pids=()
	for i in {1..8}; do
		start_shim "w$i" victim quiet 'open b t.db' 'busy_timeout b 60000' 'repeat 25' 'exec b BEGIN IMMEDIATE' 'exec b SELECT n FROM t' 'exec b UPDATE t SET n=n+1' 'exec b COMMIT' 'end' \
			'repeat 25' 'exec b BEGIN' 'exec b SELECT n FROM t' 'exec b UPDATE t SET n=n+1' 'exec b COMMIT' 'exec b UPDATE t SET n=n+1' 'end' 'close b'
		pids+=("$started")
	done
	run_plain victim "${write[@]}"
	expect $'open 0\nexec 5 database is locked\nclose 0'
	for i in {1..8}; do
		finish "${pids[i - 1]}" "w$i"
		[[ $output != *'exec 5'* ]]
	done
	barrier_leave held
	finish "$holder" holder
	[[ $(observer query t.db 'SELECT n FROM t; PRAGMA integrity_check' | xargs) == '601 ok' ]]
}

@test "threads of one process exclude each other while one of its connections shares the lock" {
	stays shim
	run_shim contention t.db recipe threads 8 0 0 1
	[[ ${lines[0]} == *' 0 0' ]]
	barrier_leave held
	finish "$holder" holder
	SQLPROD_BUSY_WAIT=sqlite run_shim contention u.db defaults threads 4 500 0 1
	[[ ${lines[0]} == *' 0' ]]
}

@test "a process that is killed with the lock shared leaves nothing, and one that is stopped keeps out only programs without the library" {
	for signal in KILL STOP; do
		stays shim
		kill "-$signal" -- "-$holder"
		SQLPROD_BUSY_TIMEOUT=0 run_shim victim "${write[@]}"
		expect $'open 0\nexec 0\nclose 0'
		[[ $(observer lock t.db) == "$([[ $signal == KILL ]] && echo free || echo held)" ]]
		kill -CONT -- "-$holder" 2>/dev/null || true
	done
	barrier_leave held
	finish "$holder" holder
	[[ $output != *'exec 5'* ]]
}

@test "a writer that is killed while the lock is shared keeps others waiting no longer than a reservation lasts" {
	export SQLPROD_RESERVE=100
	stays shim
	barrier_make wrote
	start_shim writer victim 'open b t.db' 'exec b BEGIN IMMEDIATE' 'exec b UPDATE t SET n=n+100' 'barrier wrote' 'exec b COMMIT'
	writer=$started
	barrier_meet wrote
	SQLPROD_BUSY_TIMEOUT=300 run_shim victim "${write[@]}"
	[[ $output == *'exec 5'* ]]
	kill -KILL -- "-$writer"
	run_shim victim "${write[@]}"
	expect $'open 0\nexec 0\nclose 0'
	barrier_leave held
	finish "$holder" holder
	[[ $(observer query t.db 'SELECT n FROM t; PRAGMA integrity_check' | xargs) == '11 ok' ]]
}

# While it shares the lock it has a reservation, which lasts.
@test "a writer that is killed while nobody else shares the lock keeps nobody waiting" {
	export SQLPROD_RESERVE=60000
	for others in no yes; do
		make_database
		rm -f wrote.*
		barrier_make held
		barrier_make wrote
		start_shim holder victim 'open a t.db' "exec a $([[ $others == yes ]] && echo BEGIN || echo COMMIT)" 'barrier held' 'close a'
		holder=$started
		barrier_meet held
		start_shim writer victim 'open b t.db' 'exec b BEGIN' 'exec b SELECT n FROM t' 'exec b UPDATE t SET n=n+100' 'barrier wrote' 'exec b COMMIT'
		writer=$started
		barrier_meet wrote
		[[ $(observer lock t.db) == held ]]
		kill -KILL -- "-$writer"
		SQLPROD_BUSY_TIMEOUT=1000 run_shim victim "${write[@]}"
		if [[ $others == yes ]]; then
			[[ $output == *'exec 5 database is locked'* ]]
		else
			expect $'open 0\nexec 0\nclose 0'
			[[ $(observer lock t.db) == free ]]
		fi
		barrier_leave held
		finish "$holder" holder
	done
}

# In a child SQLite believes to have what its parent shared.
@test "a forked child does not share a lock that only its parent had" {
	cat >outside.py <<-'PYTHON'
		import sqlite3, sys
		c = sqlite3.connect('t.db', isolation_level=None)
		c.execute('BEGIN IMMEDIATE'); c.execute('UPDATE t SET n=n+1'); print('locked', flush=True); sys.stdin.read(); c.execute('COMMIT')
	PYTHON
	cat >fork.py <<-'PYTHON'
		import os, sqlite3, subprocess, sys
		shares = sys.argv[1] == 'yes'
		a = sqlite3.connect('t.db', isolation_level=None)
		if shares: a.execute('BEGIN')
		here, there = os.pipe()
		child = os.fork()
		if not child:
		    os.close(there); os.read(here, 1)
		    b = sqlite3.connect('t.db', isolation_level=None, timeout=0)
		    try: b.execute('UPDATE t SET n=n+1'); print('wrote')
		    except sqlite3.OperationalError as e: print(e)
		    sys.stdout.flush(); os._exit(0)
		if shares: a.execute('COMMIT')
		outside = subprocess.Popen([sys.executable, 'outside.py'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={'PATH': os.environ['PATH']})
		outside.stdout.readline()
		os.write(there, b'x'); os.waitpid(child, 0)
		outside.stdin.close(); outside.wait()
		print(a.execute('SELECT n FROM t').fetchone()[0])
	PYTHON
	export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 SQLPROD_BUSY_TIMEOUT=0
	for shares in no yes; do
		for run in run_plain run_shim; do
			make_database
			$run /usr/bin/python3 fork.py $shares
			expect $'database is locked\n1'
		done
	done
}

# With a cache so small SQLite writes to the -wal before COMMIT. All of the -wal is in the database: it is started anew, for which SQLite changes its read
# lock in the middle of the transaction.
starts_anew=('open a t.db' 'exec a PRAGMA cache_size=1; CREATE TABLE u(x); INSERT INTO u SELECT randomblob(900) FROM t, t, t, t, t; PRAGMA wal_checkpoint'
	'exec a BEGIN' 'exec a UPDATE t SET n=n+1' 'exec a INSERT INTO u SELECT randomblob(900) FROM u')

@test "a transaction that starts the -wal anew keeps the write lock, and reserves nothing, until it ends" {
	for begin in plain:auto shim:auto shim:reserve shim:immediate shim:keep; do
		export SQLPROD_BEGIN=${begin#*:}
		make_database
		observer query t.db 'INSERT INTO t VALUES(1),(2)'
		barrier_make held
		rm -f "$scratch/report.json"
		SQLPROD_REPORT=$scratch/report.json "start_${begin%:*}" holder victim "${starts_anew[@]}" 'barrier held' 'exec a COMMIT' 'sh observer lock t.db' 'close a'
		holder=$started
		barrier_meet held
		[[ $(stat -c %s t.db-wal) -gt 100000 && $(observer lock t.db) == held ]]
		for run in plain shim; do
			SQLPROD_BUSY_TIMEOUT=0 "run_$run" victim "${write[@]}"
			expect $'open 0\nexec 5 database is locked\nclose 0'
		done
		barrier_leave held
		finish "$holder" holder
		[[ $output == *$'exec 0\nfree\nclose 0' && $output != *'exec 5'* ]]
		[[ $begin == plain:* || $(report "$scratch/report.json" waits count) == 0 ]]
		[[ $(observer query t.db 'SELECT sum(n), (SELECT count(*) FROM u) FROM t; PRAGMA integrity_check' | xargs) == '6|486 ok' ]]
		run_shim victim "${write[@]}"
		expect $'open 0\nexec 0\nclose 0'
	done
}

@test "a transaction whose read lock fails, at its begin or as it starts the -wal anew, leaves no lock" {
	export FAULT_FILES=/t.db FAULT_CALLS=lock SQLPROD_BUSY_TIMEOUT=50 preload_also=$build/programs/fault_io.so
	script=("${starts_anew[@]}" 'exec a ROLLBACK' 'autocommit a' 'sh observer lock t.db' 'close a')
	make_database
	FAULT_COUNT=$scratch/count run_shim victim "${script[@]}"
	count=$(<"$scratch/count")
	for ((at = count - 9; at <= count; at++)); do
		make_database
		observer query t.db 'INSERT INTO t VALUES(1),(2)'
		FAULT=EIO FAULT_AT=$at+ run_shim victim "${script[@]}"
		expect_line 'autocommit 1'
		expect_line free
	done
}

@test "BEGIN waits for nobody and does not fail, whoever writes" {
	export SQLPROD_BUSY_TIMEOUT=0
	for run in plain shim; do
		make_database
		barrier_make held
		"start_$run" holder victim 'open a t.db' 'exec a BEGIN IMMEDIATE' 'exec a UPDATE t SET n=n+1' 'barrier held' 'exec a COMMIT' 'close a'
		holder=$started
		barrier_meet held
		"run_$run" victim 'open b t.db' 'exec b BEGIN' 'exec b SELECT n FROM t' 'exec b COMMIT' 'close b'
		expect $'open 0\nexec 0\n0\nexec 0\nexec 0\nclose 0'
		barrier_leave held
		finish "$holder" holder
	done
}

@test "a transaction that holds the lock for over 5 s without writing, while others wait, is warned of once" {
	make_database
	barrier_make held
	SQLPROD_BEGIN=immediate start_shim holder victim 'open a t.db' 'exec a BEGIN' 'barrier held' 'sh sleep 5.5' 'exec a COMMIT' 'exec a BEGIN' 'sh sleep 5.5' 'exec a COMMIT' 'close a'
	holder=$started
	barrier_meet held
	for i in 1 2; do
		start_shim "writer$i" victim "${write[@]}"
	done
	barrier_leave held
	finish "$holder" holder
	[[ $(grep -c 'a transaction held the write lock for .* s while others waited, and committed nothing' <<<"$stderr") -eq 1 ]]
	[[ $stderr == *SQLPROD_BEGIN=reserve* ]]
}

@test "2 to 64 processes that begin, read and write by a plain BEGIN get no error and lose nothing" {
	export SQLPROD_RESERVE=20000
	for processes in 2 16 64; do
		rm -f t.db*
		run_shim contention t.db defaults processes $processes 500 0 1
		[[ ${lines[0]} == *' 0 0' ]]
	done
	rm -f t.db*
	SQLPROD_BEGIN=keep run_shim contention t.db defaults processes 16 500 0 1
	[[ ${lines[0]} != *' 0 0' ]]
}

# Needs a clock of its own, which root can give.
@test "a process whose clock differs takes part, and excludes others and is excluded" {
	unshare --time --monotonic 1000000 true 2>/dev/null || skip "no time namespace"
	stays shim
	pids=()
	for offset in 0 1000000 3000; do
		start_plain "w$offset" unshare --fork --time --monotonic "$offset" env LD_PRELOAD="$preload${preload_also:+:$preload_also}" victim quiet 'open b t.db' 'busy_timeout b 60000' \
			'repeat 50' 'exec b BEGIN IMMEDIATE' 'exec b SELECT n FROM t' 'exec b UPDATE t SET n=n+1' 'exec b COMMIT' 'exec b UPDATE t SET n=n+1' 'end' 'close b'
		pids+=("$started")
	done
	for i in 0 1 2; do
		offsets=(0 1000000 3000)
		finish "${pids[i]}" "w${offsets[i]}"
		[[ $output != *'exec 5'* ]]
	done
	barrier_leave held
	finish "$holder" holder
	[[ $(observer query t.db 'SELECT n FROM t; PRAGMA integrity_check' | xargs) == '301 ok' ]]
}

@test "VACUUM after a transaction that did nothing ends as without the library, and so does what follows" {
	for run in run_plain run_shim; do
		rm -f t.db*
		$run victim 'open a t.db' 'exec a CREATE TABLE t(x)' 'exec a BEGIN; COMMIT' 'exec a VACUUM' 'exec a SELECT count(*) FROM t' \
			'prepare a b v2 -1 BEGIN' 'exec a VACUUM' 'step b' 'exec a COMMIT' 'finalize b' 'close a'
		expect $'open 0\nexec 0\nexec 0\nexec 0\n0\nexec 0\nprepare 0 tail 5\nexec 0\nstep 101\nexec 0\nfinalize 0\nclose 0'
	done
}
