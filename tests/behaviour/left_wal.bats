# A -wal that lies beside a database before its first use.
load ../harness/harness

# killed NAME - a program makes the database, commits, and is killed.
killed() {
	${1/run/start} killed victim 'open a a.db' 'exec a CREATE TABLE IF NOT EXISTS t(x)' "exec a INSERT INTO t VALUES('late')" \
		'sh kill -KILL $PPID' # SQLite does not get to close it
	wait "$started" || true
}

@test "the rows of a killed program are in the file as soon as the next one has read it" {
	for run in run_plain run_shim; do
		rm -f ./*
		killed $run
		$run victim 'open a a.db' 'exec a SELECT count(*) FROM t' 'sh cp a.db copy.db' 'close a'
		[[ $output == *$'\n1\n'* && $(observer query copy.db 'SELECT count(*) FROM t') == 1 ]] || fail "$run"
	done
	expect_quiet
}

@test "a backup that is copied over a killed program's file is not changed by its -wal" {
	for run in run_plain run_shim; do
		for way in 'cp backup.db a.db' 'cp -p backup.db a.db' 'cp backup.db new.db; mv new.db a.db'; do
			rm -f ./*
			observer query a.db "CREATE TABLE t(x); INSERT INTO t VALUES('good')" >/dev/null
			cp a.db backup.db
			killed $run
			sh -c "$way"
			$run victim 'open a a.db' 'exec a SELECT x FROM t; PRAGMA integrity_check' 'close a'
			[[ $output == $'open 0\ngood\nok\nexec 0\nclose 0' ]] || fail "$run $way"
			[[ $run == run_plain ]] || expect_warnings 1 "*a.db-wal is not this file's*kept as *a.db-wal.moved-*"
		done
	done
	# nothing is lost: the other rows are there still
	[[ -s $(echo a.db-wal.moved-*) ]]
}

@test "a backup that was in WAL mode itself gets a warning before it is overwritten" {
	run_shim victim 'open a a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'close a'
	cp a.db backup.db
	killed run_shim
	sleep 0.05
	cp backup.db a.db
	run_shim victim 'open a a.db' 'exec a SELECT count(*) FROM t' 'close a'
	expect_warnings 1 '*DANGER*a.db was written after *a.db-wal*restore it again'
}

# The first read of the -wal by the first program takes as long as the second one needs to commit, to start the -wal anew, and to
# commit again: what the first has read of the file is of before that.
@test "a -wal that another process begins to use while it is looked at is left alone" {
	local looks
	preload_also=$build/programs/slow_wal.so
	for run in plain shim; do
		rm -rf ./*
		killed run_shim
		sleep 0.05
		chmod 600 a.db # it has changed since the -wal
		barrier_make written
		SLOW_WAL=$PWD/slow "start_$run" looks victim 'open a a.db' 'busy_timeout a 10000' 'exec a SELECT count(*) FROM t' 'close a'
		looks=$started
		for _ in {1..300}; do [[ $run == plain || -e slow ]] && break || sleep 0.1; done
		preload_also='' "start_$run" other victim 'open a a.db' 'busy_timeout a 10000' "exec a INSERT INTO t VALUES('one')" 'exec a CREATE TABLE u(x)' 'exec a DROP TABLE u' \
			'exec a PRAGMA wal_checkpoint(TRUNCATE)' 'exec a CREATE TABLE v(x)' 'barrier written' "exec a INSERT INTO t VALUES('two')" 'close a'
		barrier_meet written
		rm -f slow
		finish "$looks" looks
		expect_quiet
		barrier_leave written
		finish "$started" other
		expect_quiet
		[[ $(echo *.moved-*) == '*.moved-*' && $(observer query a.db 'SELECT group_concat(x) FROM t; PRAGMA integrity_check') == $'late,one,two\nok' ]] || fail "$run: $(ls)"
	done
}

@test "of two processes that find a backup copied over a killed program's file at once, one moves the -wal away, and both read the backup" {
	local first
	observer query a.db "CREATE TABLE t(x); INSERT INTO t VALUES('good')" >/dev/null
	cp a.db backup.db
	killed run_shim
	cp backup.db a.db
	preload_also=$build/programs/slow_wal.so
	SLOW_WAL=$PWD/slow start_shim first victim 'open a a.db' 'exec a SELECT x FROM t' 'close a'
	first=$started
	for _ in {1..300}; do [[ -e slow ]] && break || sleep 0.1; done
	preload_also='' start_shim second victim 'open a a.db' 'exec a SELECT x FROM t' 'close a'
	sleep 0.3
	rm -f slow
	finish "$started" second
	expect $'open 0\ngood\nexec 0\nclose 0'
	finish "$first" first
	expect $'open 0\ngood\nexec 0\nclose 0'
	[[ -s $(echo a.db-wal.moved-*) ]]
}

# died SQL - a program that commits this is killed before SQLite closes the database.
died() {
	start_shim died victim 'open a a.db' "exec a $1" 'sh kill -KILL $PPID'
	wait "$started" || true
}

big='WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) INSERT INTO t SELECT zeroblob(2000) FROM n'

@test "a backup that was in WAL mode itself is not changed by a -wal that begins with a later state of the file" {
	for way in 'cp backup.db a.db' 'cp -p backup.db a.db' 'cp backup.db new.db; mv new.db a.db'; do
		# which shows by the change counter, as several programs have written since, or by pages that are missing
		for since in "CREATE TABLE u(x)" "$big"; do
			rm -f ./*
			run_shim victim 'open a a.db' "exec a CREATE TABLE t(x); INSERT INTO t VALUES('good')" 'close a'
			cp a.db backup.db
			run_shim victim 'open a a.db' "exec a $since" 'close a'
			[[ $since == "$big" ]] || run_shim victim 'open a a.db' 'exec a DROP TABLE u' 'close a'
			died 'CREATE TABLE v(x)'
			[[ -s a.db-wal ]]
			sleep 0.05
			sh -c "$way"
			run_shim victim 'open a a.db' 'exec a SELECT * FROM t; SELECT count(*) FROM sqlite_master; PRAGMA integrity_check' 'close a'
			expect $'open 0\ngood\n1\nok\nexec 0\nclose 0'
			expect_warnings 1 "*a.db-wal is not this file's: it was made for another state*kept as *a.db-wal.moved-*"
			[[ -s $(echo a.db-wal.moved-*) ]]
		done
	done
}

@test "a killed program's -wal is its own, whatever is done to the file's times, owner and place" {
	for way in 'touch a.db' 'chmod 600 a.db' 'mkdir new; cp a.db* new; mv new/a.db* .' 'mv a.db b.db; mv b.db a.db' 'touch -d 2001-01-01 a.db-wal'; do
		rm -rf ./*
		run_shim victim 'open a a.db' "exec a CREATE TABLE t(x); $big" 'close a'
		run_shim victim 'open a a.db' 'exec a CREATE TABLE u(x)' 'close a'
		died "$big; PRAGMA wal_checkpoint; $big; CREATE TABLE v(x)"
		sleep 0.05
		sh -c "$way"
		run_shim victim 'open a a.db' 'exec a SELECT count(*) FROM t; SELECT count(*) FROM v; PRAGMA integrity_check' 'close a'
		expect $'open 0\n150\n0\nok\nexec 0\nclose 0'
		[[ ! -e $(echo a.db-wal.moved-*) ]]
	done
}

# None of it was copied into the file, so no page tells. The first two are what a container does when it starts, and what a service does
# that sets the mode of its database; the third one restores a backup, and has its old time.
@test "a killed program's -wal is used without a warning once chown -R has changed both files, and with one that says so once only the file was" {
	local way expected
	for run in run_plain run_shim; do
		for way in 'chmod 640 a.db a.db-wal' 'chmod 640 a.db' 'cp -p a.db b; cp -p b a.db'; do
			rm -rf ./*
			run_shim victim 'open a a.db' 'exec a CREATE TABLE t(x)' 'close a'
			barrier_make written
			start_shim killed victim 'open a a.db' "exec a INSERT INTO t VALUES('late')" 'barrier written'
			barrier_meet written
			pkill -KILL -g "$started"
			wait "$started" || true
			sleep 0.05
			sh -c "$way"
			$run victim 'open a a.db' 'exec a SELECT x FROM t; PRAGMA integrity_check' 'close a'
			expect $'open 0\nlate\nok\nexec 0\nclose 0'
			expected=1
			[[ $run == run_shim && $way != *-wal ]] || expected=0
			expect_warnings $expected '*a.db-wal*is used, though *a.db was changed after it: its mode*DANGER if you restored it*'
		done
	done
}

# SQLite uses a -wal that is there. A connection that leaves WAL while another one opens it sets the header back within the -wal, and all go on with that.
@test "a -wal that was written after its file is used, though the header of the file does not say WAL" {
	for run in run_plain run_shim; do
		rm -f ./*
		python3 - <<-'EOF'
			import os, sqlite3, time
			connection = sqlite3.connect('a.db', isolation_level=None)
			connection.execute('PRAGMA journal_mode=wal').fetchone()
			connection.executescript('CREATE TABLE t(x); INSERT INTO t VALUES(1); PRAGMA wal_checkpoint')
			connection.execute('PRAGMA mmap_size=0')
			file = os.open('a.db', os.O_RDWR)
			os.pwrite(file, bytes([1, 1]), 18)
			time.sleep(0.05)
			connection.execute('INSERT INTO t VALUES(2)')
			os._exit(0)
		EOF
		$run victim 'open a a.db' 'exec a SELECT group_concat(x) FROM t; PRAGMA integrity_check' 'close a'
		expect $'open 0\n1,2\nok\nexec 0\nclose 0'
	done
	expect_quiet
}

# SQLite has let go of the file before it writes the header, and waits there for whoever has opened it: a -wal of that one would stay beside a header that
# denies it, and the next one to open the file takes it for another file's.
@test "who opens a file that a program without the library takes out of WAL mode waits until the header says so" {
	for work in 'INSERT INTO t VALUES(2)' 'CREATE TABLE u(x)'; do
		for library in '' "$preload:"; do
			rm -f ./*
			observer query a.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1)' >/dev/null
			visit="env -u VISIT_RESERVED VISIT_SHARED='touch opened; sleep 0.2' LD_PRELOAD=$library$build/programs/visit_between.so"
			visit+=" victim 'open a a.db' 'exec a $work' 'close a' >visited 2>&1 & until [ -e opened ]; do sleep 0.01; done"
			VISIT_RESERVED=$visit run_app env LD_PRELOAD="$build/programs/visit_between.so" victim 'open a a.db' 'exec a PRAGMA busy_timeout=20000' 'exec a PRAGMA journal_mode=delete' 'close a'
			expect_line delete
			until grep -q close visited; do sleep 0.01; done
			[[ $(<visited) == $'open 0\nexec 0\nclose 0' ]]
			run_app env LD_PRELOAD="$library" victim 'open a a.db' 'exec a SELECT (SELECT count(*) FROM t) + (SELECT count(*) FROM sqlite_master)' 'close a'
			expect $'open 0\n3\nexec 0\nclose 0'
			expect_quiet
		done
	done
}

@test "who opens a file that a program without the library takes out of WAL mode waits for it though that stands still in the midst" {
	for library in '' "$preload:"; do
		rm -f ./*
		observer query a.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1)' >/dev/null
		observer query other.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)' >/dev/null
		visit="env -u VISIT_RESERVED LD_PRELOAD=$library victim 'open a a.db' 'exec a INSERT INTO t VALUES(2)' 'close a' >visited 2>&1 & sleep 0.4"
		VISIT_RESERVED=$visit run_app env LD_PRELOAD="$build/programs/visit_between.so" victim 'open b other.db' 'exec b SELECT x FROM t' 'open a a.db' \
			'exec a PRAGMA busy_timeout=20000' 'exec a PRAGMA journal_mode=delete' 'close a' 'close b'
		until grep -q close visited; do sleep 0.01; done
		[[ $(<visited) == $'open 0\nexec 0\nclose 0' ]]
		run_app env LD_PRELOAD="$library" victim 'open a a.db' 'exec a SELECT count(*) FROM t' 'close a'
		expect $'open 0\n2\nexec 0\nclose 0'
	done
}

# left_by_root RUN - root's program is killed, and its database given to another user, not what lies beside it.
left_by_root() {
	rm -rf ./*
	killed "$1"
	chmod 755 "$scratch" .
	chown 65534 . a.db
	[[ $1 == run_plain || $(stat -c '%u %a' a.db-wal a.db-shm) == $'0 644\n0 644' ]]
}

@test "a -wal that root's killed program left does not keep the user who was given the database from writing it" {
	need_root
	for run in run_plain run_shim; do
		left_by_root $run
		# SQLite itself deletes root's hot journal, and its first write fails with an input/output error
		[[ $run == run_shim ]] || run_plain as-nobody victim 'open a a.db' 'exec a INSERT INTO t VALUES(1)'
		[[ $run == run_plain ]] || touch -m -d '1 hour ago' a.db-wal
		# as one that was killed while it copied leaves it
		[[ $run == run_plain ]] || { head -c 99 a.db-wal >"a.db-wal.copy-$(stat -c %i a.db-wal)" && chown 65534 ./*copy*; }
		$run as-nobody victim 'open a a.db' 'exec a SELECT count(*) FROM t' 'exec a DELETE FROM t WHERE x IS 1' 'exec a INSERT INTO t VALUES(2)' 'exec a SELECT x FROM t' 'close a'
		[[ $output == *$'exec 0\nexec 0\nlate\n2\nexec 0\nclose 0' ]] || fail "$run"
		[[ $(ls) != *copy* ]]
	done
	expect_quiet
	# one warning where that user may not replace it
	left_by_root run_shim
	chown 0 . && chmod 1777 .
	run_shim as-nobody victim 'open a a.db' 'exec a SELECT x FROM t' 'close a'
	[[ $output == $'open 0\nlate\nexec 0\nclose 0' ]]
	expect_warnings 1 '*a.db cannot be written: *a.db-wal, which a killed program left, belongs to user 0. Give it and -shm to the user of the database (chown)'
	[[ $(ls) != *copy* ]]
}

@test "the name of a -wal that was copied is on the disk before anything is committed to it" {
	need_root
	cat >syncs.c <<-'END'
		#include <stdio.h>
		#include <sys/syscall.h>
		#include <unistd.h>
		int fsync(int fd)
		{
			char link[32], name[4096] = "";

			snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
			fprintf(stderr, "%.*s\n", (int)readlink(link, name, sizeof(name)), name);
			return (int)syscall(SYS_fsync, fd);
		}
	END
	${CC:-cc} -D_GNU_SOURCE -shared -fPIC -o "$scratch/syncs.so" syncs.c
	left_by_root run_shim
	preload_also=$scratch/syncs.so run_shim as-nobody victim 'open a a.db' 'exec a SELECT x FROM t' '_exit 0'
	[[ $output == *late* && $stderr == *"$PWD/a.db-wal.copy-"*$'\n'"$PWD" ]]
}

@test "a -wal that root uses for the file that was here before is neither copied nor taken away" {
	local run before
	need_root
	for run in run_plain run_shim; do
		rm -rf ./*
		chmod 755 "$scratch" .
		chown 65534 .
		run_plain victim 'open a a.db' 'exec a PRAGMA journal_mode=WAL' 'exec a CREATE TABLE t(x)' 'close a'
		cp a.db backup.db && chown 65534 backup.db
		barrier_make held
		start_plain root victim 'open a a.db' 'exec a INSERT INTO t VALUES(1)' 'barrier held' 'exec a INSERT INTO t VALUES(2)' 'close a'
		barrier_meet held
		[[ -s a.db-wal ]]
		before=$(stat -c '%i %u %s' a.db-wal a.db-shm)
		mv backup.db a.db
		$run as-nobody victim 'open a a.db' 'exec a INSERT INTO t VALUES(3)' 'close a'
		[[ $output == *'attempt to write a readonly database'* && $(stat -c '%i %u %s' a.db-wal a.db-shm) == "$before" ]] || fail "$run: $(ls -l)"
		barrier_leave held
		finish "$started" root
	done
}

@test "each -wal that is moved aside has its line, also after other warnings about the database" {
	run_shim victim 'open a a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'close a'
	cp a.db backup.db
	for since in one two; do
		killed run_shim
		sleep 0.05
		cp a.db-wal "$since-wal"
		rm -f a.db a.db-wal a.db-shm
	done
	observer query rollback.db 'CREATE TABLE t(x)' >/dev/null
	run_shim victim 'sh cp backup.db a.db; cp one-wal a.db-wal; sleep 0.05; touch a.db' 'open a a.db' 'exec a SELECT 1 FROM t' 'close a' \
		'sh rm -f a.db a.db-wal; cp two-wal a.db-wal; cp rollback.db a.db' 'open a a.db' 'exec a SELECT 2 FROM t' 'close a' \
		'sh rm -f a.db a.db-wal; cp one-wal a.db-wal; cp rollback.db a.db' 'open a a.db' 'exec a SELECT 2 FROM t' 'close a'
	[[ $(grep -c 'kept as .*a.db-wal.moved-' <<<"$stderr") -eq 2 ]]
}

@test "a killed program whose checkpoint was its last write gets no warning, and loses nothing" {
	start_shim killed victim 'open a a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'exec a PRAGMA wal_checkpoint' \
		'sh kill -KILL $PPID'
	wait "$started" || true
	[[ -s a.db-wal ]]
	run_shim victim 'open a a.db' 'exec a SELECT count(*) FROM t' 'close a'
	expect $'open 0\n1\nexec 0\nclose 0'
	expect_quiet
}

@test "a -wal that other processes use is not touched" {
	barrier_make held
	start_shim holder victim 'open a a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'barrier held' 'exec a INSERT INTO t VALUES(2)' 'close a'
	holder=$started
	barrier_meet held
	run_shim victim 'open a a.db' 'exec a SELECT count(*) FROM t; INSERT INTO t VALUES(3)' 'close a'
	expect_quiet
	barrier_leave held
	finish "$holder" holder
	[[ $(observer query a.db 'SELECT count(*) FROM t') == 3 && $(ls ./*.db*) == ./a.db ]]
}

@test "a read-only connection that finds a left -wal moves no file, and warns" {
	observer query a.db "CREATE TABLE t(x); INSERT INTO t VALUES('good')" >/dev/null
	cp a.db backup.db
	killed run_shim
	cp backup.db a.db
	run_shim any victim 'open_v2 a a.db ro' 'exec a SELECT x FROM t' 'close a'
	expect_warnings 1 "*DANGER*a.db-wal is not this file's*"
	[[ -s a.db-wal ]]
}

@test "a database that a process of another pid namespace has open is opened without a warning, from inside and from outside" {
	need_root
	unshare --pid --fork true 2>/dev/null || skip "no pid namespaces here"
	# the leak checker cannot stop the threads of a process in a pid namespace of its own
	[[ -z ${ASAN_OPTIONS:-} ]] || export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	inside=(unshare --pid --fork --mount-proc)
	for run in run_plain run_shim; do
		for where in outside inside; do
			rm -f ./*
			observer query a.db 'PRAGMA journal_mode=WAL; CREATE TABLE t(x)' >/dev/null
			barrier_make "$PWD/open"
			if [[ $where == outside ]]; then
				${run/run/start} user victim 'open a a.db' 'exec a INSERT INTO t VALUES(1)' "barrier $PWD/open"
			else
				${run/run/start} user "${inside[@]}" victim 'open a a.db' 'exec a INSERT INTO t VALUES(1)' "barrier $PWD/open"
			fi
			user=$started
			barrier_meet open
			if [[ $where == outside ]]; then
				$run "${inside[@]}" victim 'open b a.db' 'exec b INSERT INTO t VALUES(2)' 'exec b SELECT count(*) FROM t'
			else
				$run victim 'open b a.db' 'exec b INSERT INTO t VALUES(2)' 'exec b SELECT count(*) FROM t'
			fi
			expect $'open 0\nexec 0\n2\nexec 0'
			expect_quiet
			barrier_leave open
			finish "$user" user
		done
	done
}

# visited [END] - a -wal was left; another process opens the database when the library has just read who has it locked, and is gone when
# it looks for that process, if END is given.
visited() {
	killed run_shim
	barrier_make held
	export VISIT_BEGIN="victim 'open b a.db' 'exec b BEGIN; SELECT x FROM t' 'sh echo \$PPID >visitor' 'barrier held' >visited 2>&1 &
		until [ -s visitor ]; do sleep 0.01; done"
	export VISIT_END=${1-} preload_also=$build/programs/visit_between.so
	run_shim victim 'open a a.db' 'exec a SELECT x FROM t' 'close a'
	unset VISIT_BEGIN VISIT_END preload_also
}

@test "a process that opens the database while the library looks at a left -wal is not taken for one that has another file" {
	visited
	[[ -s visitor && $output == $'open 0\nlate\nexec 0\nclose 0' ]]
	kill "$(<visitor)"
	expect_quiet
	[[ $(echo *moved*) == '*moved*' ]]
}

@test "a process that opens the database and is gone again while the library looks at a left -wal is no danger" {
	# shellcheck disable=SC2016 # for the sh that runs it
	visited 'kill -KILL $(cat visitor); while kill -0 $(cat visitor) 2>/dev/null; do sleep 0.01; done'
	[[ -s visitor && $output == $'open 0\nlate\nexec 0\nclose 0' ]]
	expect_quiet
	[[ $(echo *moved*) == '*moved*' ]]
}
