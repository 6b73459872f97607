# Connections that a process forks away from, or hands on to children.
load ../harness/harness

# forked VICTIM - opens, forks, and its parent leaves; another program reads and closes the file; then the child commits.
forked() {
	local run
	for run in run_plain run_shim; do
		rm -rf ./*
		barrier_make up
		barrier_make "done"
		${run/run/start} daemon "$1" 'open a a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(0)' "${@:2}" 'barrier up' \
			'exec a INSERT INTO t VALUES(1)' 'exec a BEGIN; INSERT INTO t VALUES(2); INSERT INTO t VALUES(3); COMMIT' \
			'barrier done' '_exit 0'
		barrier_meet up
		$run "$1" 'open b a.db' 'exec b SELECT count(*) FROM t' 'close b'
		expect $'open 0\n1\nexec 0\nclose 0'
		barrier_leave up
		barrier_meet "done"
		[[ $(observer query a.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'4\nok' ]] || fail "$run"
		barrier_leave "done"
		[[ $(observer query a.db 'SELECT count(*) FROM t') == 4 ]] || fail "$run"
	done
}

@test "a daemon whose parent has exited loses no commit" {
	forked victim 'fork leave'
}

@test "a daemon that forked twice loses no commit" {
	forked victim 'fork leave' 'fork leave'
}

@test "a child whose parent waits loses no commit" {
	forked victim 'fork wait'
}

@test "a daemon with an embedded SQLite loses no commit" {
	[[ -x $build/embedded/victim_gcc_O2 ]] || skip "make check-embedded builds it"
	forked "$build/embedded/victim_gcc_O2" 'fork leave'
}

@test "children and parent that write at once, on connections from before the fork, lose nothing" {
	cat >write.py <<-'EOF'
		import os, sqlite3
		c = sqlite3.connect('a.db', isolation_level=None, timeout=30)
		c.execute('create table t(who, i)'); c.execute('insert into t values(0, 0)')
		children = []
		for who in range(3):
		    pid = os.fork()
		    if not pid:
		        for i in range(50): c.execute('insert into t values(?, ?)', (who, i))
		        os._exit(0)
		    children.append(pid)
		for i in range(50): c.execute('insert into t values(3, ?)', (i,))
		bad = sum(os.waitpid(pid, 0)[1] != 0 for pid in children)
		print(bad, c.execute('select count(*) from t').fetchone()[0], c.execute('pragma integrity_check').fetchone()[0])
		c.close()
	EOF
	for run in run_plain run_shim; do
		rm -f a.db*
		$run python3 write.py
		expect '0 201 ok'
		[[ $(observer query a.db 'SELECT count(*) FROM t') == 201 ]]
	done
}

@test "a close beside a forked child that does nothing leaves all rows in the file" {
	for run in run_plain run_shim; do
		rm -f ./*.db*
		$run victim 'open a a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'fork_idle' 'exec a INSERT INTO t VALUES(2)' 'close a' \
			'sh cp a.db b.db'
		[[ $(observer query b.db 'SELECT count(*) FROM t') == 2 ]] || fail "$run"
	done
}

@test "pools of multiprocessing, and workers that a server forked after it had opened its database, lose nothing" {
	cat >pool.py <<-'EOF'
		import multiprocessing, os, sqlite3
		c = sqlite3.connect('a.db', isolation_level=None, timeout=30); c.execute('create table t(x)'); c.execute('insert into t values(0)')
		def inherited(x): c.execute('insert into t values(?)', (x,))
		def own(x):
		    d = sqlite3.connect('a.db', isolation_level=None, timeout=30); d.execute('insert into t values(?)', (x,)); d.close()
		with multiprocessing.get_context('fork').Pool(3) as pool:
		    pool.map(inherited, range(20)); pool.map(own, range(20))
		c.close()
		print(sqlite3.connect('a.db').execute('select count(*) from t').fetchone()[0])
	EOF
	for run in run_plain run_shim; do
		rm -f a.db*
		$run python3 pool.py
		expect 41
		[[ $(observer query a.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'41\nok' ]]
	done
}

# daemon_py - has a child close all descriptors, as a daemon does, and open the database anew, which its parent has open still (stays)
# or has closed (leaves). Prints whether a program without the library finds the child's lock, what child and parent read, and how many
# bytes are in files that have the child's old numbers.
daemon_py() {
	cat >daemon.py <<-'EOF'
		import os, sqlite3, subprocess, sys, time
		way, reuses = sys.argv[1], sys.argv[2] == 'reuses'
		write = "import sqlite3; c = sqlite3.connect('a.db', timeout=0); c.execute('insert into t values(9)'); c.commit(); c.close()"
		outside = dict(os.environ); outside.pop('LD_PRELOAD', None)
		def others_write():
		    return subprocess.run([sys.executable, '-c', write], env=outside, stderr=subprocess.DEVNULL).returncode == 0
		connection = sqlite3.connect('a.db', isolation_level=None)
		connection.execute('create table t(x)'); connection.execute('insert into t values(1)')
		if not os.fork():
		    os.closerange(3, 64)
		    while way == 'leaves' and not os.path.exists('closed'): time.sleep(0.01)
		    logs = [os.open(f'log{i}', os.O_CREAT | os.O_RDWR) for i in range(12 if reuses else 0)]
		    own = sqlite3.connect('a.db', timeout=20, isolation_level=None)
		    own.execute('begin immediate'); own.execute('insert into t values(2)')
		    print('free' if others_write() else 'locked')
		    own.execute('commit')
		    print(others_write(), own.execute('select count(*) from t').fetchone()[0], flush=True)
		    own.execute('insert into t values(3)'); own.close()
		    os._exit(0)
		if way == 'leaves': connection.close(); open('closed', 'w').close()
		os.wait()
		if way == 'leaves': connection = sqlite3.connect('a.db', isolation_level=None)
		print(connection.execute('select count(*) from t').fetchone()[0], sum(os.path.getsize(f'log{i}') for i in range(12 if reuses else 0)))
		connection.execute('insert into t values(4)'); connection.close()
	EOF
}

@test "a child that has closed all descriptors opens the database anew, and locks hold between it and others" {
	daemon_py
	for run in run_plain run_shim; do
		for way in stays leaves; do
			for numbers in reuses lets; do
				rm -f a.db* closed log*
				"$run" python3 daemon.py "$way" "$numbers"
				expect $'locked\nTrue 3\n4 0'
				[[ $(observer query a.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'5\nok' ]] || fail "$run $way"
			done
		done
	done
}

@test "a child that has closed all descriptors opens a database anew that the program has renamed" {
	cat >renamed.py <<-'EOF'
		import os, signal, sqlite3, subprocess, sys
		write = "import sqlite3; c = sqlite3.connect('b.db', timeout=0); c.execute('insert into t values(9)'); c.commit(); c.close()"
		outside = dict(os.environ); outside.pop('LD_PRELOAD', None)
		def others_write():
		    return subprocess.run([sys.executable, '-c', write], env=outside, stderr=subprocess.DEVNULL).returncode == 0
		connection = sqlite3.connect('a.db', isolation_level=None)
		connection.execute('create table t(x)'); connection.execute('insert into t values(1)')
		os.rename('a.db', 'b.db')
		if not os.fork():
		    signal.alarm(20)
		    os.closerange(3, 64)
		    logs = [os.open(f'log{i}', os.O_CREAT | os.O_RDWR) for i in range(12 if sys.argv[1] == 'reuses' else 0)]
		    own = sqlite3.connect('b.db', timeout=1, isolation_level=None)
		    own.execute('begin immediate'); own.execute('insert into t values(2)')
		    print('free' if others_write() else 'locked')
		    own.execute('commit')
		    print(others_write(), own.execute('select count(*) from t').fetchone()[0], flush=True); own.close()
		    os._exit(0)
		print(os.wait()[1], connection.execute('select count(*) from t').fetchone()[0]); connection.close()
	EOF
	for run in run_plain run_shim; do
		for numbers in reuses lets; do
			rm -f ./*.db* log*
			"$run" python3 renamed.py "$numbers"
			expect $'locked\nTrue 3\n0 3'
			[[ $(observer query b.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'3\nok' ]] || fail "$run $numbers"
		done
	done
}
