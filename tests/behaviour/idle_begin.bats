# A plain BEGIN that idles, or only reads, keeps programs without the library out no longer than a reservation lasts: in a process of
# several threads from the first one on, else once the process has made another call.
load ../harness/harness

make_database() {
	rm -f t.db* held.*
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(n); INSERT INTO t VALUES(0)' >/dev/null
}

# becomes STATE - waits until the lock of t.db is free, or held.
becomes() {
	local state
	for _ in {1..300}; do
		state=$(observer lock t.db)
		[[ $state != "$1" ]] || return 0
		sleep 0.05
	done
	fail "the lock did not become $1"
}

# Runs in a thread of the victim's, beside the first one, and is left at its barrier: stays RUN STATEMENT…
stays() {
	local run=$1
	shift
	make_database
	barrier_make held
	"start_$run" holder victim 'threads 1' 'open a t.db' 'exec a BEGIN' "$@" 'barrier held' 'exec a SELECT n FROM t' 'exec a UPDATE t SET n=n+1' 'exec a COMMIT' \
		'sh observer lock t.db' 'close a' 'end'
	holder=$started
	barrier_meet held
}

goes_on() {
	barrier_leave held
	finish "$holder" holder
	[[ $output != *'exec 5'* && $output == *free* ]]
}

outside_adds() {
	run_plain victim 'open b t.db' 'exec b UPDATE t SET n=n+10' 'close b'
	expect $'open 0\nexec 0\nclose 0'
}

@test "in a process with threads a BEGIN that idles keeps a program without the library out for a while only, and then goes on" {
	for run in plain shim; do
		stays "$run"
		becomes free
		outside_adds
		goes_on
		[[ $(observer query t.db 'SELECT n FROM t') == 11 ]]
	done
}

@test "with SQLPROD_BEGIN=immediate a BEGIN that idles in a process with threads keeps the lock" {
	SQLPROD_RESERVE=10 SQLPROD_BEGIN=immediate stays shim
	sleep 1
	[[ $(observer lock t.db) == held ]]
	goes_on
}

@test "in a process with threads a transaction that only reads keeps a program without the library out for a while only" {
	for run in plain shim; do
		stays "$run" 'exec a SELECT n FROM t'
		becomes free
		goes_on
	done
	# it fails only if somebody has written since it read
	for run in plain shim; do
		stays "$run" 'exec a SELECT n FROM t'
		becomes free
		outside_adds
		barrier_leave held
		finish "$holder" holder
		[[ $output == *'exec 5'* ]]
	done
}

@test "in a process with threads the lock is held until it is due, and from the first read on again" {
	export SQLPROD_RESERVE=60000
	for read in '' 'exec a SELECT n FROM t'; do
		stays shim ${read:+"$read"}
		sleep 1
		[[ $(observer lock t.db) == held ]]
		goes_on
	done
	make_database
	SQLPROD_RESERVE=2000 run_shim victim 'threads 1' 'open a t.db' 'exec a BEGIN' 'sh sleep 4; observer lock t.db' 'exec a SELECT n FROM t' 'sh observer lock t.db' 'exec a COMMIT' \
		'sh observer lock t.db' 'close a' 'end'
	[[ $(grep -x 'held\|free' <<<"$output" | xargs) == 'free held free' ]]
}

@test "a transaction that has written keeps the lock however long it idles, in a process with threads too" {
	export SQLPROD_RESERVE=10
	for run in plain shim; do
		stays "$run" 'exec a UPDATE t SET n=n+1'
		sleep 1
		[[ $(observer lock t.db) == held ]]
		goes_on
		[[ $(observer query t.db 'SELECT n FROM t') == 2 ]]
	done
}

@test "once a BEGIN has idled, or only read, for too long, others like it leave the lock until they read, or write, with one line that says so" {
	export SQLPROD_RESERVE=300 SQLPROD_LOG_LEVEL=info
	look='sh observer lock t.db'
	for inside in 'autocommit a:idled after BEGIN:reads:held:free' 'exec a SELECT n FROM t:read, and did not write,:writes:free:held'; do
		# one that writes after its read is guarded again
		IFS=: read -r inside why until reads next <<<"$inside"
		make_database
		run_shim victim 'open a t.db' 'exec a BEGIN' "$inside" 'sh sleep 0.6' "$look" 'exec a COMMIT' 'exec a begin /* a trace */' "$look" 'exec a SELECT n FROM t' "$look" \
			'exec a UPDATE t SET n=1' 'exec a COMMIT' "$look" 'open b t.db' 'exec b BEGIN' "$look" 'exec b COMMIT' 'exec b BEGIN' 'exec b COMMIT' 'close a' 'close b'
		[[ $(grep -x 'held\|free' <<<"$output" | xargs) == "held free $reads free $next" ]]
		[[ $(grep -c "a transaction $why for longer than SQLPROD_RESERVE: .* until its transaction $until.*SQLPROD_BEGIN=immediate" <<<"$stderr") == 1 ]]
	done
	# another text is another kind, and so is the same text in another database
	observer query u.db 'PRAGMA journal_mode=wal; CREATE TABLE t(n)' >/dev/null
	SQLPROD_RESERVE=2000 run_shim victim 'open a t.db' 'open u u.db' 'exec a BEGIN' 'sh sleep 3' 'exec a COMMIT' 'exec a BEGIN' "$look" 'exec a COMMIT' \
		'exec a BEGIN TRANSACTION' "$look" 'exec a COMMIT' 'exec u BEGIN' 'sh observer lock u.db' 'exec u COMMIT'
	[[ $(grep -x 'held\|free' <<<"$output" | xargs) == 'free held held' ]]
}

@test "a transaction that was slow between its read and its write once leaves those after it guarded" {
	export SQLPROD_RESERVE=300
	slow=('exec a BEGIN' 'exec a SELECT n FROM t' 'sh sleep 0.6' 'exec a UPDATE t SET n=n+1' 'exec a COMMIT')
	make_database
	run_shim victim 'open a t.db' "${slow[@]}" 'exec a BEGIN' 'exec a SELECT n FROM t' 'sh observer query t.db "UPDATE t SET n=9"' \
		'exec a UPDATE t SET n=n+1' 'exec a COMMIT'
	[[ $(grep -c 'database is locked' <<<"$output$stderr") == 1 && $(observer query t.db 'SELECT n FROM t') == 2 ]]
	# without the library the other program comes between, and the write fails
	make_database
	run_plain victim 'open a t.db' "${slow[@]}" 'exec a BEGIN' 'exec a SELECT n FROM t' 'sh observer query t.db "UPDATE t SET n=9"' \
		'exec a UPDATE t SET n=n+1' 'exec a ROLLBACK'
	expect_line 'exec 5 database is locked'
	[[ $(observer query t.db 'SELECT n FROM t') == 9 ]]
}

# Where another database is attached a plain BEGIN becomes IMMEDIATE.
@test "once a BEGIN that became IMMEDIATE has idled, or only read, for too long, others take no lock, though nobody was seen to wait" {
	export SQLPROD_RESERVE=300
	look='sh observer lock t.db'
	for uses in 'autocommit a:exec a UPDATE t SET n=n+1' 'exec a SELECT n FROM t:autocommit a'; do
		for run in plain:auto:free:free shim:auto:held:free shim:immediate:held:held; do
			IFS=: read -r run begin first second <<<"$run"
			make_database
			SQLPROD_BEGIN=$begin "run_$run" victim 'open a t.db' "exec a ATTACH 'u.db' AS u" 'exec a BEGIN' "$look" "${uses%:*}" 'sh sleep 0.6' "${uses#*:}" 'exec a COMMIT' \
				'exec a BEGIN' "$look" 'exec a COMMIT' 'close a'
			[[ $(grep -x 'held\|free' <<<"$output" | xargs) == "$first $second" ]]
		done
	done
}

@test "with a rollback journal, too, once a BEGIN has idled, or only read, for too long or beside a reader, others take no lock" {
	export SQLPROD_RESERVE=300 SQLPROD_JOURNAL_MODE=keep SQLPROD_BUSY_TIMEOUT=200
	look='sh observer lock t.db'
	kept=('prepare a b v2 -1 BEGIN' 'step b' 'reset b')
	for uses in 'sh sleep 0.6:exec a UPDATE t SET n=n+1' 'exec a SELECT n FROM t:sh sleep 0.6' 'exec r BEGIN DEFERRED; SELECT n FROM t:exec a COMMIT'; do
		for run in plain:auto:free:free shim:auto:held:free shim:immediate:held:held; do
			IFS=: read -r run begin first second <<<"$run"
			rm -f t.db*
			observer query t.db 'CREATE TABLE t(n); INSERT INTO t VALUES(0)' >/dev/null
			SQLPROD_BEGIN=$begin "run_$run" victim 'open r t.db' 'open a t.db' "${kept[@]}" "$look" "${uses%:*}" "${uses#*:}" 'autocommit r' 'exec r ROLLBACK' \
				'exec a COMMIT' 'step b' 'reset b' "$look" 'exec a COMMIT' 'exec a BEGIN' "$look" 'exec a COMMIT' 'finalize b' 'close a' 'close r'
			[[ $(grep -x 'held\|free' <<<"$output" | xargs) == "$first $second $second" ]]
		done
	done
}

@test "with a rollback journal, too, a transaction that takes long to write teaches nothing" {
	for run in plain:free shim:held; do
		rm -f t.db*
		observer query t.db 'CREATE TABLE t(n); INSERT INTO t VALUES(0)' >/dev/null
		SQLPROD_RESERVE=300 SQLPROD_JOURNAL_MODE=keep "run_${run%:*}" victim 'open a t.db' 'exec a BEGIN' 'exec a UPDATE t SET n=n+1' 'sh sleep 0.6' 'exec a COMMIT' \
			'exec a BEGIN' 'sh observer lock t.db' 'exec a COMMIT' 'close a'
		expect_line "${run#*:}"
	done
}

# In a process whose transactions write, and do it slowly, each is seen from outside.
@test "a transaction that takes long to write teaches nothing" {
	make_database
	SQLPROD_RESERVE=2000 run_shim victim 'open a t.db' 'repeat 2' 'exec a BEGIN' 'sh observer lock t.db' 'exec a UPDATE t SET n=n+1' 'sh sleep 2.5' 'exec a COMMIT' 'end' 'close a'
	[[ $(grep -x 'held\|free' <<<"$output" | xargs) == 'held held' ]]
	run_plain victim 'open a t.db' 'exec a BEGIN' 'sh observer lock t.db' 'exec a COMMIT' 'close a'
	expect_line free
}

# Six processes, each of which idles for less than a reservation lasts, and begins anew at once.
@test "transactions that idle for a moment after BEGIN, but one or the other at any time, do not keep a program without the library out for good" {
	cat >idles.py <<-'PYTHON'
		import os, sqlite3, time
		c = sqlite3.connect('t.db', isolation_level=None, timeout=60)
		while not os.path.exists('ended'):
		    c.execute('BEGIN'); time.sleep(0.05); c.execute('SELECT n FROM t').fetchall(); c.execute('COMMIT')
	PYTHON
	for run in plain shim; do
		make_database
		rm -f ended
		pids=()
		for i in {1..6}; do
			"start_$run" "i$i" /usr/bin/python3 idles.py
			pids+=("$started")
		done
		sleep 2
		run_plain victim 'open b t.db' 'busy_timeout b 30000' 'exec b UPDATE t SET n=n+10' 'sh sleep 4' 'exec b UPDATE t SET n=n+10' 'close b'
		expect $'open 0\nbusy_timeout 0\nexec 0\nexec 0\nclose 0'
		touch ended
		for i in {1..6}; do
			finish "${pids[i - 1]}" "i$i"
		done
	done
}

@test "a BEGIN that is soon followed by work goes on taking the lock" {
	make_database
	for run in run_plain:free run_shim:held; do
		SQLPROD_RESERVE=60000 ${run%:*} victim 'open a t.db' 'repeat 20' 'exec a BEGIN' 'exec a SELECT n FROM t' 'exec a UPDATE t SET n=n+1' 'exec a COMMIT' 'end' 'exec a BEGIN' 'sh observer lock t.db' 'close a'
		expect_line "${run#*:}"
	done
}

@test "in a process without threads another connection's call gives the lock of an idle BEGIN back" {
	export SQLPROD_RESERVE=300
	make_database
	for use in 'exec b SELECT n FROM t' 'exec b UPDATE t SET n=n+1' 'exec b BEGIN; SELECT n FROM t; COMMIT'; do
		run_shim victim 'open a t.db' 'open b t.db' 'exec b SELECT n FROM t' 'exec a BEGIN' 'sh sleep 0.6; observer lock t.db' "$use" 'sh observer lock t.db' 'exec a SELECT n FROM t' \
			'exec a UPDATE t SET n=n+1' 'exec a COMMIT' 'sh observer lock t.db' 'close a' 'close b'
		[[ $(grep -x 'held\|free' <<<"$output" | xargs) == 'held free free' && $output != *'exec 5'* ]]
	done
}

# Counted in /proc, in the middle of an idle BEGIN and two seconds after it.
@test "the library has a thread only in a process with threads, while a BEGIN idles, and not where a child or a fork could mind" {
	cat >threads.py <<-'PYTHON'
		import os, sqlite3, sys, threading, time
		def count(least):
		    for _ in range(600):
		        n = len(os.listdir('/proc/self/task'))
		        if n == least: break
		        time.sleep(0.02)
		    return n
		c = sqlite3.connect('t.db', isolation_level=None, check_same_thread=False)
		end = threading.Event()
		def begin():
		    c.execute('BEGIN'); print(count(1 if sys.argv[1] == 'single' else 3)); c.execute('COMMIT')
		if sys.argv[1] == 'single':
		    begin(); print(count(1))
		elif sys.argv[1] == 'several':
		    t = threading.Thread(target=end.wait); t.start(); begin(); print(count(2))
		    c.execute('BEGIN TRANSACTION'); print(count(3))
		    if not os.fork(): print(count(1), flush=True); c2 = sqlite3.connect('t.db'); c2.execute('SELECT n FROM t'); os._exit(0)
		    os.wait(); print(count(3)); c.execute('COMMIT'); end.set()
		elif sys.argv[1] == 'fork':
		    t = threading.Thread(target=lambda: c.execute('BEGIN TRANSACTION')); t.start(); t.join(); print(count(2))
		    if not os.fork(): os._exit(0)
		    print(count(1)); os.wait(); c.execute('COMMIT')
	PYTHON
	export SQLPROD_RESERVE=1500
	make_database
	run_shim /usr/bin/python3 -u threads.py single
	expect $'1\n1'
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer has threads of its own, or minds those of a child"
	run_shim /usr/bin/python3 -u threads.py several
	expect $'3\n2\n3\n1\n3'
	# long before it would end by itself
	SQLPROD_RESERVE=60000 run_shim /usr/bin/python3 -u threads.py fork
	expect $'2\n1'
}

@test "a process with threads that confines itself gets none of ours" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer makes system calls of its own"
	cat >confined.py <<-'PYTHON'
		import ctypes, os, sqlite3, struct, sys, threading, time
		c = sqlite3.connect('t.db', isolation_level=None)
		c.execute('SELECT n FROM t').fetchall()
		end = threading.Event(); t = threading.Thread(target=end.wait); t.start()
		libc = ctypes.CDLL(None, use_errno=True)
		# clone and clone3 kill
		clone = {'x86_64': 56, 'aarch64': 220}[os.uname().machine]
		code = [(0x20, 0, 0, 0), (0x15, 1, 0, clone), (0x15, 0, 1, 435), (0x06, 0, 0, 0x80000000), (0x06, 0, 0, 0x7fff0000)]
		program = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *line) for line in code))
		fprog = struct.pack('HxxxxxxP', len(code), ctypes.addressof(program))
		assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, fprog) == 0
		if sys.argv[1] == 'start': threading.Thread(target=end.wait).start()
		c.execute('BEGIN'); time.sleep(0.5); c.execute('SELECT n FROM t').fetchall(); c.execute('COMMIT')
		print('ended', flush=True); end.set()
	PYTHON
	export SQLPROD_RESERVE=100
	for run in run_plain run_shim; do
		make_database
		$run /usr/bin/python3 confined.py stay
		expect ended
	done
	# and the filter does what it is for
	run_plain 159 /usr/bin/python3 confined.py start
}

@test "a process whose first thread has ended ends with its last one, though it left a BEGIN" {
	cat >last.c <<-'C'
		#include <pthread.h>
		#include <sqlite3.h>
		#include <stdio.h>
		static void *work(void *unused) {
			sqlite3 *db;
			sqlite3_open("t.db", &db);
			printf("%d\n", sqlite3_exec(db, "BEGIN", 0, 0, 0));
			return unused;
		}
		int main(void) {
			pthread_t thread;
			pthread_create(&thread, NULL, work, NULL);
			pthread_exit(NULL);
		}
	C
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "not built with the sanitizer"
	${CC:-cc} -o last last.c -lsqlite3 -pthread
	for run in run_plain run_shim; do
		make_database
		SQLPROD_RESERVE=100 $run ./last
		expect 0
	done
}

@test "threads whose transactions idle, read and write beside programs without the library lose nothing" {
	export SQLPROD_RESERVE=10
	make_database
	pids=()
	for i in 1 2; do
		start_plain "o$i" victim quiet 'open b t.db' 'busy_timeout b 60000' 'repeat 100' 'exec b UPDATE t SET n=n+1' 'end' 'close b'
		pids+=("$started")
	done
	run_shim victim quiet 'threads 8' 'open a%t t.db' 'busy_timeout a%t 60000' 'repeat 15' 'exec a%t BEGIN' 'sh sleep 0.0%t' 'exec a%t UPDATE t SET n=n+1' 'exec a%t COMMIT' \
		'exec a%t BEGIN IMMEDIATE' 'exec a%t SELECT n FROM t' 'exec a%t UPDATE t SET n=n+1' 'exec a%t COMMIT' 'exec a%t begin' 'exec a%t SELECT n FROM t' 'sh sleep 0.02' 'exec a%t COMMIT' 'end' 'close a%t' 'end'
	[[ $output != *'database is'* ]]
	for i in 1 2; do
		finish "${pids[i - 1]}" "o$i"
		expect ''
	done
	[[ $(observer query t.db 'SELECT n FROM t; PRAGMA integrity_check' | xargs) == '440 ok' ]]
}
