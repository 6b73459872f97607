# A thread with two connections to one database, whose second one waits for a lock of the first: the program's own timeout holds, not
# the recipe's floor of 30 s. Whichever lock it is; for those of a WAL database's write lock see reservation.bats.
load ../harness/harness

# make_databases [PRAGMA…] - t.db and other.db.
make_databases() {
	local name
	rm -f ./*.db*
	for name in t.db other.db; do
		observer query "$name" "${1-} CREATE TABLE t(n); INSERT INTO t VALUES(0),(1),(2)" >/dev/null
	done
}

# refused PRAGMA LINE… - with these lines between the opening of two connections and their closing, the last one is refused within the
# timeout that it asked for, or soon after: in the only thread, in one of two, and without the library.
refused() {
	local pragma=$1
	shift
	refused_of victim "$pragma" 'open a t.db' 'open b t.db' 'busy_timeout a 300' 'busy_timeout b 300' "$@"
}

# refused_of PROGRAM PRAGMA LINE… - the same, with all lines given.
refused_of() {
	local program=$1 pragma=$2 run threads lines
	export SQLPROD_JOURNAL_MODE=keep
	shift 2
	for run in run_plain run_shim; do
		for threads in '' 1; do
			make_databases "$pragma"
			lines=("$@")
			[[ -z $threads ]] || lines=("threads $threads" "${lines[@]}" end)
			SECONDS=0
			"$run" "$program" "${lines[@]}"
			((SECONDS < 15)) || fail "$SECONDS s"
			[[ $(grep -c '^exec 5' <<<"$output") -eq 1 ]] || fail "expected one that is refused"
		done
	done
}

@test "with a rollback journal one thread does not wait for its own writer longer than it asked to" {
	refused '' 'exec a BEGIN IMMEDIATE' 'exec b INSERT INTO t VALUES(9)'
	refused '' 'exec a BEGIN DEFERRED' 'exec a UPDATE t SET n=9' 'exec b BEGIN DEFERRED' 'exec b SELECT n FROM t' 'exec b UPDATE t SET n=8'
}

@test "with a rollback journal one thread does not wait for its own reader longer than it asked to" {
	refused '' 'exec a BEGIN' 'exec a SELECT n FROM t' 'exec b UPDATE t SET n=9'
	refused '' 'prepare a s v2 -1 SELECT n FROM t' 'step s' 'exec b UPDATE t SET n=9' 'finalize s'
}

@test "one thread does not wait to read what its other connection has for itself alone longer than it asked to" {
	refused '' 'exec a BEGIN EXCLUSIVE' 'exec b SELECT n FROM t'
	refused 'PRAGMA journal_mode=wal;' 'exec a PRAGMA locking_mode=EXCLUSIVE' 'exec a UPDATE t SET n=9' 'exec b SELECT n FROM t'
}

@test "one thread does not wait for a lock of an attached database that its other connection has longer than it asked to" {
	local attach=("exec a ATTACH 'other.db' AS o" "exec b ATTACH 'other.db' AS o") pragma
	for pragma in '' 'PRAGMA journal_mode=wal;'; do
		refused "$pragma" "${attach[@]}" 'exec a BEGIN IMMEDIATE' 'exec a UPDATE o.t SET n=9' 'exec b UPDATE o.t SET n=8'
	done
}

@test "a checkpoint does not wait for a reader of its own thread longer than the program asked to" {
	local run
	for run in run_plain run_shim; do
		make_databases 'PRAGMA journal_mode=wal;'
		SECONDS=0
		"$run" victim 'open a t.db' 'open b t.db' 'busy_timeout b 300' 'exec b UPDATE t SET n=7' 'exec a BEGIN DEFERRED' 'exec a SELECT n FROM t' \
			'exec b UPDATE t SET n=9' 'exec b PRAGMA wal_checkpoint(TRUNCATE)'
		((SECONDS < 15))
		[[ $output == *$'\n1|'* ]]
	done
}

# waits_for_another_process OPENING... - what opens a and b; b waits for another process for longer than it asked to.
waits_for_another_process() {
	local run expected
	export SQLPROD_JOURNAL_MODE=keep
	for run in plain:5 shim:0; do
		expected=${run#*:} run=${run%:*}
		make_databases
		rm -f held.*
		barrier_make held
		start_plain holder victim 'open h t.db' 'exec h BEGIN IMMEDIATE' 'barrier held' 'sh sleep 2' 'exec h ROLLBACK'
		barrier_meet held
		barrier_leave held
		"run_$run" victim "$@" 'busy_timeout b 300' 'exec a BEGIN DEFERRED' 'exec a SELECT n FROM t' 'exec b BEGIN IMMEDIATE'
		[[ ${lines[-1]} == "exec $expected"* ]] || fail "expected exec $expected"
		finish "$started" holder
	done
}

@test "the floor under a timeout holds for a lock of another process, though a transaction of the thread's own is open" {
	waits_for_another_process 'open a t.db' 'open b t.db'
}

# What lies in a VFS of the program's own, or in a shared cache, has no shim.
own_vfs=('vfs own' 'open_v2 a file:t.db?vfs=own rw,uri' 'open_v2 b file:t.db?vfs=own rw,uri')

@test "one thread does not wait for its own other connection by a VFS of the program's own longer than it asked to" {
	local pragma timeout program way
	for program in victim "$build/embedded/victim_gcc_O2"; do
		[[ $program == victim || -x $program ]] || continue
		for timeout in 'busy_timeout b 300' 'exec b PRAGMA busy_timeout=300' 'busy_timeout b 0'; do
			refused_of "$program" '' "${own_vfs[@]}" "$timeout" 'exec a BEGIN IMMEDIATE' 'exec b INSERT INTO t VALUES(9)'
		done
		for pragma in '' 'PRAGMA journal_mode=wal;'; do
			refused_of "$program" "$pragma" "${own_vfs[@]}" 'busy_timeout b 300' 'exec a BEGIN' 'exec a UPDATE t SET n=9' 'exec b INSERT INTO t VALUES(9)'
		done
		refused_of "$program" '' "${own_vfs[@]}" 'busy_timeout b 300' 'exec a BEGIN' 'exec a SELECT n FROM t' 'exec b UPDATE t SET n=9'
		way=('vfs own' 'open_v2 a file:t.db?vfs=own rw,uri,shared' 'open_v2 b file:t.db?vfs=own rw,uri')
		refused_of "$program" '' "${way[@]}" 'busy_timeout b 300' 'exec a BEGIN' 'exec a UPDATE t SET n=9' 'exec b INSERT INTO t VALUES(9)'
	done
}

@test "the floor under a timeout holds by a VFS of the program's own for a lock of another process, and of a thread that goes on" {
	waits_for_another_process "${own_vfs[@]}"
	cat >threads.py <<-'PYTHON'
		import sqlite3, threading, time
		connect = lambda: sqlite3.connect('file:t.db?vfs=unix-dotfile', uri=True, timeout=0.3, isolation_level=None, check_same_thread=False)
		a, b, began = connect(), connect(), threading.Event()
		def write():
		    a.execute('begin immediate')
		    began.set()
		    time.sleep(2)
		    a.execute('commit')
		thread = threading.Thread(target=write)
		thread.start()
		began.wait()
		try: b.execute('insert into t values(9)')
		except sqlite3.OperationalError as error: print(error)
		else: print('written')
		thread.join()
	PYTHON
	make_databases
	run_plain /usr/bin/python3 threads.py
	expect 'database is locked'
	run_shim /usr/bin/python3 threads.py
	expect written
}

@test "a wait for another process by a VFS of the program's own ends with the timeout" {
	export SQLPROD_JOURNAL_MODE=keep
	make_databases
	barrier_make held
	start_plain holder victim 'open h t.db' 'exec h BEGIN IMMEDIATE' 'barrier held'
	barrier_meet held
	for timeout in 'busy_timeout b 300' 'exec b PRAGMA busy_timeout=300'; do
		SECONDS=0
		SQLPROD_BUSY_TIMEOUT=1500 run_shim victim "${own_vfs[@]}" "$timeout" 'exec a BEGIN' 'exec a SELECT n FROM t' 'exec b BEGIN IMMEDIATE' 'exec b PRAGMA busy_timeout'
		((SECONDS >= 1 && SECONDS < 15)) || fail "$SECONDS s"
		[[ ${lines[-3]} == 'exec 5 '* && ${lines[-2]} == 1500 ]] || fail "$output"
	done
	barrier_leave held
	finish "$started" holder
}

@test "a transaction of a task that goes on on another thread is waited for, from the first on in a program made by Go" {
	for program in 'roams:3' 'roams_go:0'; do
		rm -f a.db*
		run_plain "${program%:*}" a.db "${program#*:}"
		[[ $output == 'failed '[1-9]* ]] || fail "without the library $output"
		rm -f a.db*
		run_shim "${program%:*}" a.db "${program#*:}"
		expect 'failed 0'
	done
}

# A pool of two threads, as of a web framework: one transaction has begun, what begins others stands in the queue before its COMMIT.
# Prints whether most of them were refused, and whether one of them waited for over 5 s.
write_pool() {
	cat >pool.py <<-'PYTHON'
		import sqlite3, sys, time
		from concurrent.futures import ThreadPoolExecutor
		def connect():
		    return sqlite3.connect(sys.argv[1], uri=True, timeout=0.3, isolation_level=None, check_same_thread=False)
		def begin(connection):
		    began = time.monotonic()
		    try: connection.execute('begin immediate')
		    except sqlite3.OperationalError: refused.append(connection)
		    else: connection.execute('rollback')
		    return time.monotonic() - began
		refused, pool = [], ThreadPoolExecutor(2)
		first, others = pool.submit(connect).result(), [pool.submit(connect).result() for i in range(40)]
		pool.submit(first.execute, 'begin immediate').result()
		waits = [pool.submit(begin, other) for other in others]
		pool.submit(first.execute, 'commit').result()
		longest = max(wait.result() for wait in waits)
		print('refused' if len(refused) > 10 else 'few refused', 'soon' if longest < 5 else f'after {longest:.1f} s')
	PYTHON
}

@test "transactions whose calls come from a pool's threads do not wait for each other until all of the pool have waited for 30 s" {
	local run pragma uri
	write_pool
	export SQLPROD_JOURNAL_MODE=keep
	for run in run_plain run_shim; do
		for pragma in '' 'PRAGMA journal_mode=wal;'; do
			for uri in file:t.db 'file:t.db?vfs=unix-dotfile'; do
				[[ $pragma$uri != *wal*dotfile ]] || continue
				make_databases "$pragma"
				"$run" /usr/bin/python3 pool.py "$uri"
				expect 'refused soon'
			done
		done
	done
}

@test "a thread that waits for another database in the midst of its transaction is waited for as long as the recipe says" {
	local run
	cat >chain.py <<-'PYTHON'
		import sqlite3, threading, time
		def connect(path, timeout):
		    return sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
		holder, began = connect('other.db', 9), threading.Event()
		def write():
		    first, second = connect('t.db', 9), connect('other.db', 9)
		    first.execute('begin immediate')
		    began.set()
		    second.execute('update t set n = 9')
		    first.execute('commit')
		def release():
		    time.sleep(3)
		    holder.execute('commit')
		holder.execute('begin immediate')
		threads = [threading.Thread(target=write), threading.Thread(target=release)]
		for thread in threads: thread.start()
		began.wait()
		try: connect('t.db', 0.3).execute('insert into t values(9)')
		except sqlite3.OperationalError as error: print(error)
		else: print('written')
		for thread in threads: thread.join()
	PYTHON
	for run in 'run_plain:database is locked' 'run_shim:written'; do
		make_databases 'PRAGMA journal_mode=wal;'
		"${run%%:*}" /usr/bin/python3 chain.py
		expect "${run#*:}"
	done
}

# While a thread waits that has the interpreter's lock none of the others goes on: Ruby's sqlite3 keeps it.
@test "a thread of an interpreter that keeps its lock waits for another one no longer than it asked to" {
	for run in run_plain run_shim; do
		rm -f a.db*
		SECONDS=0
		"$run" interpreter a.db 300 0.1
		((SECONDS < 15)) || fail "$SECONDS s"
		[[ $output == '5 after '[3-9]??' ms, the other 0' || $output == '5 after '[1-4]???' ms, the other 0' ]] || fail 'expected it to be refused after 300 ms or more'
		rm -f a.db*
		"$run" interpreter a.db 0 0.1
		[[ $output == '5 after '*' ms, the other 0' ]] || fail 'expected it to be refused'
	done
}

@test "one that gives the interpreter's lock back for its calls waits for another one as long as the recipe says" {
	for run in plain:5 shim:0; do
		rm -f a.db*
		"run_${run%:*}" interpreter a.db 100 1 free
		[[ $output == "${run#*:} after "*' ms, the other 0' ]] || fail "expected ${run#*:}"
	done
}
