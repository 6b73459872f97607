# A database that another process copies, by its file alone, while a program that has it open does nothing.
load ../harness/harness

# The sanitizers' own handlers block no signal: where such a one may run a wait copies nothing.
handlers=handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0
export ASAN_OPTIONS=${ASAN_OPTIONS-}:$handlers TSAN_OPTIONS=${TSAN_OPTIONS-}:$handlers

# rows FILE - how many rows a copy of it has, by itself; "none" where it has no table yet
rows() {
	rm -rf copy
	mkdir copy
	cp "$1" copy/copy.db
	observer query copy/copy.db 'SELECT count(*) FROM t' 2>/dev/null || echo none
}

# settles FILE N - the copies get all N rows: soon where the machine has time
settles() {
	local n
	for ((n = 0; n < 1200; n++)); do
		[[ $(rows "$1") != "$2" ]] || return 0
		sleep 0.05
	done
	fail "$1: $(rows "$1") rows of $2"
}

# A daemon of several threads that commits ten rows, and then waits where the library does not see it.
daemon() {
	local run=$1 victim=$2
	shift 2
	rm -f a.db* at.*
	barrier_make at
	"start_$run" daemon "$victim" idle_thread "$@" 'open a a.db' 'exec a CREATE TABLE t(x)' 'repeat 10' 'exec a INSERT INTO t VALUES(1)' 'end' \
		'barrier at' 'close a'
	daemon=$started
	barrier_meet at
}

ended() {
	barrier_leave at
	finish "$daemon" daemon
	expect_quiet
}

# How a program waits for its next event.
ways=(sleep usleep nanosleep clock_nanosleep clock_until wall_until poll ppoll select pselect epoll_wait epoll_pwait sem_timedwait sem_clockwait sigtimedwait sigwaitinfo sigwait)
# What these wait for a signal's handler brings, which the thread sanitizer does not run before they return.
inputs=(read readv recv recvfrom recvmsg accept accept4 fgets getline getdelim getc_unlocked)
handlers_run() { [[ ${SANITIZER_RUNTIME-} != *libtsan* ]]; }
! handlers_run || ways+=("${inputs[@]}")

# waits RUN VICTIM LINE… - a program of one thread does that, commits ten rows, and waits in each way; then the copies are made.
waits() {
	local run=$1 victim=$2 way script=()
	shift 2
	for way in "${ways[@]}"; do
		rm -rf "$way"
		mkdir "$way"
		barrier_make "$way/at"
		script=("$@" "open a $way/a.db" 'exec a CREATE TABLE t(x)' 'repeat 10' 'exec a INSERT INTO t VALUES(1)' 'end' "wait $way 500" "barrier $way/at")
		# as a program does that is going to wait for it
		[[ $way != sig* ]] || script=(block_signal "${script[@]}")
		"start_$run" "$way" "$victim" "${script[@]}"
	done
	for way in "${ways[@]}"; do
		barrier_meet "$way/at"
		copied[$way]=$(rows "$way/a.db")
		said[$way]=$(tail -n 1 "$scratch/$way.stdout")
		[[ ! -s $scratch/$way.stderr ]] || fail "$way: $(<"$scratch/$way.stderr")"
	done
}

all_ways() {
	local way
	declare -A copied said
	waits plain "$1"
	for way in "${ways[@]}"; do
		[[ ${copied[$way]} == 10 && ${said[$way]} == 'wait 0' ]] || fail "plain $way: ${copied[$way]} ${said[$way]}"
	done
	waits shim "$1"
	for way in "${ways[@]}"; do
		[[ ${copied[$way]} == 10 && ${said[$way]} == 'wait 0' ]] || fail "shim $way: ${copied[$way]} ${said[$way]}"
	done
	SQLPROD_IDLE_CHECKPOINT=off waits shim "$1"
	for way in "${ways[@]}"; do
		[[ ${copied[$way]} == [n0]* && ${said[$way]} == 'wait 0' ]] || fail "off $way: ${copied[$way]} ${said[$way]}"
	done
}

@test "a copy of the file that another process makes while a program of one thread waits has all rows, in whichever way it waits" {
	all_ways victim
}

@test "a copy made while an embedded SQLite's program of one thread waits has all rows" {
	[[ -x $build/embedded/victim_gcc_O2 ]] || skip "make check-embedded builds it"
	ways=(sleep poll select)
	! handlers_run || ways+=(read accept fgets)
	all_ways "$build/embedded/victim_gcc_O2"
}

@test "a copy made while a program of several threads does nothing has all rows" {
	for victim in victim "$build/embedded/victim_gcc_O2"; do
		[[ $victim == victim || -x $victim ]] || continue
		daemon plain "$victim"
		[[ $(rows a.db) == 10 ]]
		ended
		daemon shim "$victim"
		settles a.db 10
		ended
		[[ $(ls a.db*) == a.db ]] || fail "$(ls)"
		SQLPROD_IDLE_CHECKPOINT=off daemon shim "$victim"
		sleep 1
		[[ $(rows a.db) == [n0]* ]] || fail "copied though it is off"
		ended
	done
}

@test "it is done again for each burst of commits, for every database, attached ones too, and for several processes on one" {
	barrier_make at
	barrier_make again
	start_shim daemon victim idle_thread 'open a a.db' 'exec a CREATE TABLE t(x)' 'open b b.db' 'exec b CREATE TABLE t(x)' \
		'exec a ATTACH '"'b.db'"' AS b' 'exec a INSERT INTO t VALUES(1)' 'exec a INSERT INTO b.t VALUES(1)' 'close b' 'barrier at' \
		'exec a INSERT INTO t VALUES(1)' 'exec a INSERT INTO b.t VALUES(1)' 'barrier again'
	daemon=$started
	barrier_meet at
	settles a.db 1
	settles b.db 1
	barrier_leave at
	barrier_meet again
	settles a.db 2
	settles b.db 2
	run_shim victim 'open a a.db' 'exec a INSERT INTO t VALUES(1)' 'wait poll 700' 'sh kill -KILL $PPID' || true
	settles a.db 3
}

@test "the copy is whole after the program was killed" {
	daemon shim victim
	settles a.db 10
	kill -KILL -- "-$daemon"
	wait "$daemon" || true
	[[ $(rows a.db) == 10 ]]
}

@test "where a reader needs the -wal, the rest is copied once it has ended" {
	observer query a.db 'CREATE TABLE t(x); INSERT INTO t VALUES(0)' >/dev/null
	barrier_make reads
	barrier_make at
	start_shim daemon victim idle_thread 'open r a.db' 'open a a.db' 'exec a INSERT INTO t VALUES(1)' 'exec r BEGIN' 'exec r SELECT count(*) FROM t' \
		'repeat 9' 'exec a INSERT INTO t VALUES(1)' 'end' 'barrier at' 'exec r COMMIT' 'barrier reads'
	barrier_meet at
	sleep 1
	[[ $(rows a.db) != 11 ]] || fail "copied what a reader of the file alone would have seen"
	barrier_leave at
	barrier_meet reads
	settles a.db 11
}

@test "a program that chose WAL, sets wal_autocheckpoint or has a wal hook, and one beside Litestream, keep their -wal" {
	for line in 'exec a PRAGMA journal_mode=WAL' 'exec a PRAGMA wal_autocheckpoint=0' ''; do
		rm -rf ./*.db* at.* .a.db-litestream
		[[ -n $line ]] || mkdir .a.db-litestream
		barrier_make at
		start_shim daemon victim idle_thread 'open a a.db' ${line:+"$line"} 'exec a CREATE TABLE t(x)' 'exec a INSERT INTO t VALUES(1)' 'barrier at'
		barrier_meet at
		sleep 1
		[[ $(rows a.db) == [n0]* ]] || fail "$line"
		kill -KILL -- "-$started"
	done
}

@test "a wait that a signal ends fails as it does alone, and one that never ends goes on until it does" {
	for run in run_plain run_shim; do
		rm -f a.db*
		$run victim 'open a a.db' 'exec a CREATE TABLE t(x)' 'alarm 600' 'wait poll 60000' 'exec a INSERT INTO t VALUES(1)' 'alarm 600' 'wait pause 0' \
			'exec a INSERT INTO t VALUES(1)' 'alarm 100' 'wait clock_until 60000' 'exec a INSERT INTO t VALUES(1)' 'alarm 600' 'wait select 60000' \
			'exec a INSERT INTO t VALUES(1)' 'alarm 600' 'wait sem_timedwait 60000' 'exec a INSERT INTO t VALUES(1)' 'alarm 50' 'wait sem_clockwait 60000' \
			'exec a INSERT INTO t VALUES(1)' 'alarm 600' 'wait sigsuspend 0' block_signal 'exec a INSERT INTO t VALUES(1)' 'alarm 600' 'wait sigtimedwait 60000' 'exec a INSERT INTO t VALUES(1)' \
			'alarm 50' 'wait sigwaitinfo 60000' 'exec a INSERT INTO t VALUES(1)' 'alarm 50' 'wait sigwait 700' 'close a'
		[[ $output == *$'\nwait -1 interrupted\n'*$'\nwait -1 interrupted\n'*$'\nwait -1 interrupted\n'*$'\nwait -1 interrupted\n'*$'\nwait -1 interrupted\n'*$'\nwait -1 interrupted\n'*$'\nwait -1 interrupted\n'*$'\nwait -1 interrupted\n'*$'\nwait -1 interrupted\n'*$'\nwait 0\n'* ]] || fail "$run"
	done
}

@test "a wait ends in time where another database of the process is locked for itself alone, and is not in WAL mode any more" {
	for run in run_plain run_shim; do
		rm -f ./*.db*
		APP_TIMEOUT=20 $run victim 'open a a.db' 'exec a CREATE TABLE t(x)' 'exec a PRAGMA journal_mode=DELETE' 'exec a PRAGMA locking_mode=EXCLUSIVE' \
			'exec a INSERT INTO t VALUES(1)' 'open b b.db' 'exec b CREATE TABLE t(x)' 'exec b INSERT INTO t VALUES(1)' 'wait poll 700' 'exec a SELECT count(*) FROM t'
		[[ $output == *$'\nwait 0\n1\nexec 0' ]] || fail "$run"
	done
}

@test "a call that waits for input ends as it does alone: by its input, by a signal, or at once" {
	cases=(nonblocking dontwait timeout listening datagrams pipe closed ended raw raw_timed)
	! handlers_run || cases+=(interrupted interrupted_socket restarted answered jumps child prompt line rung)
	for case in "${cases[@]}"; do
		run_plain input_waits "$case"
		alone=${output//handled, /}
		rm -f a.db*
		run_shim input_waits "$case"
		[[ ${output//handled, /} == "$alone" && $alone == "$case: "* && $alone != *late* ]] || fail "$case alone: $alone, with the library: $output"
		rm -f a.db*
	done
}

@test "a call that has nothing to wait for ends at once, where nothing can be copied for long" {
	cases=(nothing no_parts too_many_parts no_address_of_parts too_long poll_events short_event other_end fifo raw_more no_room cannot_be_read both_ways pushed_back)
	! handlers_run || cases+=(background)
	for case in "${cases[@]}"; do
		run_plain input_waits "$case" reader
		alone=$output
		rm -f a.db*
		run_shim input_waits "$case" reader
		[[ $output == "$alone" && $alone == "$case: "* && $alone != *late* ]] || fail "$case alone: $alone, with the library: $output"
		rm -f a.db*
	done
}

# The file that is locked is in rollback mode then, and was in WAL mode before.
@test "while a program has one database for itself the others are copied, and its waits end when they should" {
	for run in plain shim; do
		rm -f ./*.db* at.*
		barrier_make at
		"start_$run" both victim 'open a a.db' 'exec a CREATE TABLE t(x)' 'wait poll 300' 'exec a PRAGMA journal_mode=DELETE' \
			'exec a PRAGMA locking_mode=EXCLUSIVE' 'exec a INSERT INTO t VALUES(1)' 'open b b.db' 'exec b CREATE TABLE t(x)' 'exec b INSERT INTO t VALUES(1)' \
			'wait poll 700' 'barrier at' 'close a' 'close b'
		barrier_meet at
		[[ $(rows b.db) == 1 ]] || fail "$run: $(rows b.db)"
		barrier_leave at
		finish "$started" both
		[[ $output == *$'\nwait 0\n'*$'\nwait 0\n'* ]]
	done
}

@test "the rows of a process that was forked away from the one that opened the database are in its copies" {
	cat >daemon.py <<-'EOF'
		import os, sqlite3, time
		c = sqlite3.connect('a.db', isolation_level=None)
		c.execute('create table t(x)')
		parent = os.getpid()
		if os.fork(): os._exit(0)
		os.setsid()
		while os.getppid() == parent: time.sleep(.01)
		for i in range(10): c.execute('insert into t values(1)')
		time.sleep(.5)
		open('new', 'w').write(str(os.getpid()))
		os.rename('new', 'at')
		time.sleep(60)
	EOF
	for run in plain shim; do
		rm -f a.db* at
		"start_$run" daemon python3 daemon.py
		for n in {1..600}; do
			[[ ! -e at ]] || break
			sleep 0.1
		done
		[[ $(rows a.db) == 10 ]] || fail "$run $n: $(rows a.db)"
		kill -KILL "$(cat at)"
	done
}

@test "a program that has one thread left has none of ours when it forks, and goes on to have its rows copied" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "the thread sanitizer has a thread of its own"
	cat >forks.py <<-'EOF'
		import os, sqlite3, threading, time
		c = sqlite3.connect('a.db', isolation_level=None)
		def threads(): return len(os.listdir('/proc/self/task'))
		for i in range(20):
		    stay = threading.Event()
		    t = threading.Thread(target=stay.wait)
		    t.start()
		    c.execute('create table if not exists t(x)')
		    c.execute('insert into t values(1)')
		    if i % 2: time.sleep(.1 + i / 500)
		    stay.set()
		    t.join()
		    while os.path.exists(f'/proc/self/task/{t.native_id}'): time.sleep(.001)
		    pid = os.fork()
		    count = threads()
		    if not pid:
		        d = sqlite3.connect('a.db', isolation_level=None)
		        d.execute('insert into t values(2)')
		        d.close()
		        os._exit(0)
		    os.waitpid(pid, 0)
		    if count > 1: print('threads', count)
		    shown = os.stat('a.db').st_size
		print(c.execute('select count(*) from t').fetchone()[0])
	EOF
	for run in run_plain run_shim; do
		rm -f a.db*
		$run python3 forks.py
		expect 40
	done
}

# The kernel refuses that to a process of several threads.
@test "a program that has one thread left may unshare a namespace, whose rows are in its copies then" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "the thread sanitizer has a thread of its own"
	unshare --user true 2>/dev/null || skip "no user namespaces here"
	cat >unshares.c <<-'END'
		#include <errno.h>
		#include <pthread.h>
		#include <sched.h>
		#include <sqlite3.h>
		#include <stdio.h>
		#include <string.h>
		#include <sys/stat.h>
		#include <sys/syscall.h>
		#include <unistd.h>

		static void *commit(void *db)
		{
			sqlite3_exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL);
			sqlite3_exec(db, "INSERT INTO t VALUES(zeroblob(200000))", NULL, NULL, NULL);
			return NULL;
		}

		int main(void)
		{
			sqlite3 *db;
			pthread_t thread;
			struct stat status;

			sqlite3_open("a.db", &db);
			pthread_create(&thread, NULL, commit, db);
			pthread_join(thread, NULL);
			errno = 0;
			int rc = unshare(CLONE_NEWUSER), error = errno;
			/* stat() would copy */
			syscall(SYS_newfstatat, AT_FDCWD, "a.db", &status, 0);
			printf("%d %s, %s\n", rc, strerror(error), status.st_size > 100000 ? "copied" : "not copied");
			sqlite3_close(db);
			return 0;
		}
	END
	${CC:-cc} -D_GNU_SOURCE -include fcntl.h -o unshares unshares.c -lsqlite3 -pthread
	for run in run_plain run_shim; do
		rm -f a.db*
		$run ./unshares
		expect '0 Success, copied'
	done
}

# How often the -wal of a program is synced that commits so many times, and rests after each.
syncs() {
	rm -f a.db*
	FAULT_COUNT=$PWD/count FAULT_FILES=a.db-wal FAULT_CALLS=sync run_shim victim 'open a a.db' 'exec a CREATE TABLE t(x)' 'wait poll 300' \
		"repeat $1" 'exec a INSERT INTO t VALUES(1)' 'wait poll 300' 'end' 'close a'
	count=$(<count)
}

@test "a commit after a rest does not wait for the disk, as the -wal goes on" {
	preload_also=$build/programs/fault_io.so
	syncs 2
	before=$count
	syncs 7
	((count == before + 5)) || fail "$before, $count: one by each copy"
	[[ $(observer query a.db 'SELECT count(*) FROM t') == 7 ]]
}

@test "the report counts how often it was done" {
	SQLPROD_REPORT=$PWD/report run_shim victim 'open a a.db' 'exec a CREATE TABLE t(x)' 'wait poll 700' 'exec a INSERT INTO t VALUES(1)' 'wait poll 700' 'close a'
	[[ $(<report) == *'"idle_checkpoints":2'* ]] || fail "$(<report)"
	run_app 0 "$root/scripts/sqlprod" check --help >/dev/null
}

@test "its last close removes the -wal, and PRAGMA journal_mode leaves WAL, whenever that happens to be" {
	chmod 700 .
	for run in plain shim; do
		pids=()
		for n in {1..8}; do
			"start_$run" "c$n" victim quiet idle_thread 'repeat 12' "open a c$n.db" 'exec a CREATE TABLE IF NOT EXISTS t(x)' 'exec a INSERT INTO t VALUES(1)' \
				"wait usleep $((245 + n * 2))" 'exec a PRAGMA journal_mode=DELETE' 'exec a INSERT INTO t VALUES(2)' "sh test ! -e c$n.db-wal" 'close a' 'end'
			pids+=("$started")
		done
		for n in {1..8}; do
			finish "${pids[n - 1]}" "c$n"
			[[ $(observer query "c$n.db" 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'24\nok' && ! -e c$n.db-wal ]] || fail "$run $n"
		done
		[[ $output != *sh* ]]
		rm -f ./*.db*
	done
}

@test "a program that confines itself right after a commit lives on, and its rows are in the copies by then" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer makes system calls of its own"
	script=('open a a.db' 'exec a CREATE TABLE t(x)' 'repeat 10' 'exec a INSERT INTO t VALUES(1)' 'end' 'confine' 'wait poll 1000' 'exec a SELECT count(*) FROM t')
	for run in plain shim; do
		for thread in "" idle_thread; do
			rm -f a.db*
			"start_$run" confined victim ${thread:+"$thread"} "${script[@]}"
			settles a.db 10
			finish "$started" confined
			[[ $output == *$'\nwait 0\n10\nexec 0' ]] || fail "$run $thread"
		done
	done
}

# A handler with SA_NODEFER blocks nothing, one of a signal that was blocked at the commit nothing else; with SA_RESETHAND there is none
# to be seen while it runs. A process by clone(2) has none of its parent's locks.
@test "nothing is copied in a signal handler that blocks no more than the program did, nor in a process that was cloned behind fork's back" {
	cat >waits.c <<-'END'
		#include <fcntl.h>
		#include <signal.h>
		#include <sqlite3.h>
		#include <stdio.h>
		#include <string.h>
		#include <sys/stat.h>
		#include <sys/syscall.h>
		#include <sys/wait.h>
		#include <time.h>
		#include <unistd.h>

		static sqlite3 *db;

		static void look(const char *when)
		{
			struct timespec time = {.tv_nsec = 300000000};
			struct stat status;

			nanosleep(&time, NULL);
			/* stat() would copy */
			syscall(SYS_newfstatat, AT_FDCWD, "a.db", &status, 0);
			write(STDOUT_FILENO, when, strlen(when));
			if (status.st_size > 100000)
				write(STDOUT_FILENO, ": copied\n", 9);
			else
				write(STDOUT_FILENO, ": not copied\n", 13);
		}

		static void handle(int number)
		{
			(void)number;
			look("handler");
		}

		int main(int count, char **arguments)
		{
			struct sigaction action = {.sa_handler = handle, .sa_flags = SA_NODEFER};
			sigset_t alarm;

			(void)count;
			if (!strcmp(arguments[1], "handler_once"))
				action.sa_flags |= SA_RESETHAND;
			sigemptyset(&alarm);
			if (!strcmp(arguments[1], "handler_of_blocked")) {
				action.sa_flags = 0;
				sigaddset(&alarm, SIGALRM);
			}
			sigprocmask(SIG_BLOCK, &alarm, NULL);
			sqlite3_open("a.db", &db);
			sqlite3_exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL);
			sqlite3_exec(db, "INSERT INTO t VALUES(zeroblob(200000))", NULL, NULL, NULL);
			sigprocmask(SIG_UNBLOCK, &alarm, NULL);
			if (!strncmp(arguments[1], "handler", 7)) {
				sigaction(SIGALRM, &action, NULL);
				sqlite3_mutex_enter(sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_MASTER));
				raise(SIGALRM);
				sqlite3_mutex_leave(sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_MASTER));
			} else if (!strcmp(arguments[1], "clone")) {
				if (syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) == 0) {
					look("clone");
					_exit(0);
				}
				wait(NULL);
			} else {
				look("wait");
			}
			sqlite3_close(db);
			return 0;
		}
	END
	${CC:-cc} -D_GNU_SOURCE -Wno-unused-result -o waits waits.c -lsqlite3
	for how in handler handler_once handler_of_blocked clone wait; do
		# the thread sanitizer's thread is not the program's
		[[ $how != wait || -z ${SANITIZER_RUNTIME-} ]] || continue
		for run in run_plain run_shim; do
			rm -f a.db*
			# with a handler in the midst of SQLite's own work it waited for ever, all signals blocked
			APP_TIMEOUT=20 $run ./waits $how
			case $run,$how in
				run_plain,* | run_shim,wait) expect "${how%%_*}: copied" ;;
				*) expect "${how%%_*}: not copied" ;;
			esac
		done
	done
}

@test "a thread that is cancelled while it waits, or asks for the size, has not left a copy half done" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "the address sanitizer does not see the unwinding through a program that is built without it"
	cat >cancelled.c <<-'END'
		#include <poll.h>
		#include <pthread.h>
		#include <sqlite3.h>
		#include <stdio.h>
		#include <string.h>
		#include <sys/stat.h>
		#include <time.h>
		#include <unistd.h>

		static sqlite3 *db;

		static long now(void)
		{
			struct timespec time;

			clock_gettime(CLOCK_MONOTONIC, &time);
			return time.tv_sec * 1000 + time.tv_nsec / 1000000;
		}

		static void end(void *unused)
		{
			long began = now();
			int rc = sqlite3_close(db);

			(void)unused;
			printf("close %d %s\n", rc, now() - began < 3000 ? "soon" : "late");
			fflush(stdout);
			_exit(0);
		}

		int main(int count, char **arguments)
		{
			struct stat status;

			(void)count;
			sqlite3_open("a.db", &db);
			sqlite3_exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL);
			sqlite3_exec(db, "INSERT INTO t VALUES(1)", NULL, NULL, NULL);
			pthread_cleanup_push(end, NULL);
			if (!strcmp(arguments[1], "size")) {
				pthread_cancel(pthread_self());
				stat("a.db", &status);
				puts("asked");
				pthread_testcancel();
			}
			/* the library sees that there was a commit, and it is due when the next wait begins */
			poll(NULL, 0, 20);
			for (long began = now(); now() - began < 200;)
				;
			pthread_cancel(pthread_self());
			poll(NULL, 0, 60000);
			pthread_cleanup_pop(0);
			puts("not cancelled");
			return 0;
		}
	END
	${CC:-cc} -D_GNU_SOURCE -o cancelled cancelled.c -lsqlite3 -pthread
	for run in run_plain run_shim; do
		rm -f a.db*
		$run ./cancelled wait
		expect 'close 0 soon'
		rm -f a.db*
		$run ./cancelled size
		expect $'asked\nclose 0 soon'
	done
}

@test "a coroutine with a small stack may wait: its rows are in the copies with the next wait of the program itself" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer needs more stack"
	script=('open a a.db' 'exec a CREATE TABLE t(x)' 'repeat 10' 'exec a INSERT INTO t VALUES(1)' 'end' 'coroutine 400' 'wait poll 400' 'sh cp a.db copy.db' 'close a')
	for run in run_plain run_shim; do
		rm -f ./*.db*
		$run victim "${script[@]}"
		[[ $output == *$'\ncoroutine 0\nwait 0\nclose 0' && $(observer query copy.db 'SELECT count(*) FROM t') == 10 ]] || fail "$run"
	done
}
