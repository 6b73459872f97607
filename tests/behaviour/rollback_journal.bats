# A program that sets a rollback journal, in a file that the recipe has in WAL mode: between rollback journals a switch never fails, so
# it must not fail with the library. The scenes print the same without it; in the first ones it also has to be in WAL mode.
load ../harness/harness

setup_file() {
	cat >"$BATS_FILE_TMPDIR/scene.py" <<-'EOF'
		import sqlite3, subprocess, sys, threading
		mode, scene = sys.argv[1:]
		def connect(): return sqlite3.connect('a.db', isolation_level=None, timeout=1)
		def switch(c): return c.execute('PRAGMA journal_mode=' + mode).fetchall()
		def rows(): return connect().execute('SELECT count(*) FROM t').fetchone()[0]
		def pool():
		    kept = [connect() for _ in range(4)]
		    for c in kept: c.execute('SELECT x FROM t').fetchall()
		    for c in kept: switch(c); c.execute('INSERT INTO t VALUES(1)')
		    for c in kept: switch(c); c.execute('INSERT INTO t VALUES(2)')
		def asks_first():
		    kept = []
		    for _ in range(4):
		        c = connect(); c.execute('PRAGMA journal_mode').fetchall(); switch(c); c.execute('INSERT INTO t VALUES(1)'); kept.append(c)
		def other_process():
		    reader = subprocess.Popen([sys.executable, '-c', "import sqlite3, sys; c = sqlite3.connect('a.db'); c.execute('SELECT x FROM t').fetchall();"
		        "print(1, flush=True); sys.stdin.read(); c.execute('INSERT INTO t VALUES(3)'); c.commit()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
		    reader.stdout.readline()
		    c = connect(); switch(c); c.execute('INSERT INTO t VALUES(1)')
		    reader.stdin.close(); print(reader.wait())
		def comes_back():
		    c = connect(); switch(c); c.execute('INSERT INTO t VALUES(1)')
		    reader = subprocess.Popen([sys.executable, '-c', "import sqlite3, sys; c = sqlite3.connect('a.db'); c.execute('SELECT x FROM t').fetchall();"
		        "print(1, flush=True); sys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
		    reader.stdout.readline()
		    for i in range(3): c.execute('INSERT INTO t VALUES(2)'); c.execute('PRAGMA journal_mode=' + mode + ' ' * (i + 1)).fetchall()
		    reader.stdin.close(); reader.wait()
		def kept():
		    c = connect(); switch(c); c.execute('INSERT INTO t VALUES(1)')
		    reader = subprocess.Popen([sys.executable, '-c', "import sqlite3, sys; c = sqlite3.connect('a.db'); c.execute('SELECT x FROM t').fetchall();"
		        "print(1, flush=True); sys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
		    reader.stdout.readline()
		    for i in range(3): c.execute('INSERT INTO t VALUES(2)'); print(c.execute('PRAGMA journal_mode=' + mode).description[0][0])
		    reader.stdin.close(); reader.wait()
		    print(switch(c), c.execute('PRAGMA synchronous').fetchall())
		def refused_first():
		    c = connect(); c.execute('BEGIN IMMEDIATE'); switch(c); c.execute('COMMIT'); print(switch(c)); c.close()
		    b = connect(); b.execute('SELECT x FROM t').fetchall(); c = connect(); c.execute('SELECT x FROM t').fetchall()
		    switch(c); b.close(); print(switch(c)); c.execute('INSERT INTO t VALUES(1)'); print(switch(c))
		def exclusive():
		    b = connect(); b.execute('SELECT x FROM t').fetchall(); b.execute('INSERT INTO t VALUES(1)')
		    c = connect(); c.execute('SELECT x FROM t').fetchall(); c.execute('PRAGMA locking_mode=EXCLUSIVE').fetchall(); switch(c)
		    c.execute('SELECT x FROM t').fetchall(); print(b.execute('SELECT count(*) FROM t').fetchall())
		    c.execute('PRAGMA locking_mode=NORMAL').fetchall(); c.execute('SELECT x FROM t').fetchall(); b.execute('INSERT INTO t VALUES(2)')
		    c.execute('PRAGMA locking_mode=EXCLUSIVE').fetchall(); b.close(); switch(c); c.execute('INSERT INTO t VALUES(3)'); c.close()
		def attached():
		    b = sqlite3.connect('b.db', isolation_level=None, timeout=1); b.execute('CREATE TABLE u(x)'); b.execute('INSERT INTO u VALUES(1)')
		    c = connect(); c.execute('ATTACH \'b.db\' AS "o""ne"'); c.execute('SELECT x FROM u').fetchall()
		    for schema in ('"o""ne".', '', 'main.'):
		        for i in range(2):
		            c.execute(f'PRAGMA {schema}journal_mode={mode}').fetchall(); c.execute('INSERT INTO u VALUES(2)'); b.execute('INSERT INTO u VALUES(3)')
		    b.close()
		    c.execute(f'PRAGMA "o""ne".journal_mode={mode}').fetchall(); print(c.execute('PRAGMA "o""ne".journal_mode').fetchall())
		    c.execute('INSERT INTO u VALUES(4)'); print(c.execute('SELECT group_concat(x) FROM u').fetchall(), c.execute('PRAGMA integrity_check').fetchall())
		def cut_short():
		    kept = connect(); kept.execute('SELECT x FROM t').fetchall(); c = connect()
		    for n in range(len(mode), -1, -1): c.execute(f"PRAGMA journal_mode='{mode[:n]}'").fetchall(); c.execute('INSERT INTO t VALUES(1)')
		def cursor():
		    c = connect(); c.executescript('INSERT INTO t VALUES(1); INSERT INTO t VALUES(2)')
		    rows = c.execute('SELECT x FROM t'); next(rows); switch(c); print(len(rows.fetchall()))
		def inside():
		    c = connect(); c.execute('SELECT x FROM t').fetchall(); c.execute('BEGIN'); c.execute('INSERT INTO t VALUES(1)'); switch(c); c.execute('COMMIT')
		def threads():
		    def work():
		        for _ in range(10):
		            c = connect(); c.execute('SELECT x FROM t').fetchone(); switch(c); c.execute('PRAGMA busy_timeout=20000'); c.execute('INSERT INTO t VALUES(1)'); c.close()
		    started = [threading.Thread(target=work) for _ in range(4)]
		    for t in started: t.start()
		    for t in started: t.join()
		globals()[scene]()
		print(rows(), connect().execute('PRAGMA integrity_check').fetchone()[0])
	EOF
}

seed='CREATE TABLE t(x)'

# scene NAME - the same rows and no error in each rollback journal, without and with the library.
scene() {
	local mode run wanted
	for mode in truncate persist delete memory off; do
		fresh
		run_plain python3 "$BATS_FILE_TMPDIR/scene.py" "$mode" "$1"
		wanted=$output
		fresh
		run_shim python3 "$BATS_FILE_TMPDIR/scene.py" "$mode" "$1"
		expect "$wanted"
		expect_quiet
	done
}

fresh() {
	rm -f [ab].db*
	observer query a.db "$seed" >/dev/null
}

@test "a pool whose connections all set a rollback journal after a first read goes on" { scene pool; }

@test "connections that ask for the journal mode, and then set another, go on" { scene asks_first; }

@test "a rollback journal is set beside another process that has the file open" { scene other_process; }

@test "a rollback journal is set again after another process has set WAL" { scene comes_back; }

@test "a rollback journal is set by a statement that is kept after another process has set WAL" { scene kept; }

@test "a rollback journal is set by a statement that is kept after it could not be, inside a transaction or beside another connection" {
	scene refused_first
}

@test "a rollback journal is set in an exclusive locking mode that others' reads precede" { scene exclusive; }

@test "a rollback journal is set for attached databases that others have open" { scene attached; }

@test "a rollback journal that a kept statement sets for the main database leaves attached ones in WAL" {
	for run in run_plain run_shim; do
		fresh
		observer query b.db 'PRAGMA journal_mode=wal; CREATE TABLE u(x)' >/dev/null
		$run python3 - <<-'EOF'
			import sqlite3
			c = sqlite3.connect('a.db', isolation_level=None)
			c.execute("ATTACH 'b.db' AS b")
			for i in range(2):
			    print(c.execute('PRAGMA main.journal_mode=truncate').fetchone()[0], open('b.db', 'rb').read(20)[18])
			    c.set_authorizer(lambda *question: sqlite3.SQLITE_OK)
			    c.set_authorizer(None)
		EOF
		expect $'truncate 2\ntruncate 2'
	done
}

@test "a rollback journal is set by the first letters of its name" { scene cut_short; }

@test "a rollback journal is set while a statement of the connection runs" { scene cursor; }

@test "a rollback journal is set inside a transaction" { scene inside; }

@test "threads that each open, read, and set a rollback journal go on" { scene threads; }

# In WAL mode by hand SQLite loses the row 3: findings/leaving_wal_keeps_pages.sh
@test "a connection that sets a rollback journal keeps what others have written since it has read" {
	for mode in truncate persist delete memory off; do
		for run in run_plain run_shim; do
			fresh
			observer query a.db 'INSERT INTO t VALUES(1)' >/dev/null
			$run victim 'open a a.db' 'exec a SELECT count(*) FROM t' 'open b a.db' 'exec b INSERT INTO t VALUES(2)' \
				"exec a PRAGMA journal_mode=$mode" 'exec a SELECT count(*) FROM t' 'exec b INSERT INTO t VALUES(3)' 'close b' \
				"exec a PRAGMA journal_mode=$mode" 'exec a INSERT INTO t VALUES(4)' 'exec a SELECT group_concat(x) FROM t' 'close a'
			[[ $output == *$'\n1,2,3,4\n'* && $(observer query a.db 'SELECT group_concat(x) FROM t') == 1,2,3,4 ]] || fail "$run $mode"
		done
	done
}

@test "a rollback journal is set by sqlite3_get_table() beside another connection" {
	for run in run_plain run_shim; do
		fresh
		$run victim 'open b a.db' 'exec b SELECT x FROM t' 'open a a.db' 'get_table a PRAGMA journal_mode=truncate; SELECT 1'
		expect_line 'get_table 0'
	done
}

# The library does not see how it reads, as with SQLite before 3.12.
@test "a connection of another VFS that sets a rollback journal keeps what others have written" {
	for run in run_plain run_shim; do
		fresh
		observer query a.db 'INSERT INTO t VALUES(1)' >/dev/null
		# another program has it so by recipe
		[[ $run == run_plain ]] || observer query a.db 'PRAGMA journal_mode=wal' >/dev/null
		$run victim 'vfs own' 'open_v2 a file:a.db?vfs=own rw,uri' 'exec a SELECT count(*) FROM t' 'open_v2 b file:a.db?vfs=own rw,uri' \
			'exec b INSERT INTO t VALUES(2)' 'exec a SELECT count(*) FROM t' 'exec b INSERT INTO t VALUES(3)' 'close b' \
			'exec a PRAGMA journal_mode=truncate' 'exec a INSERT INTO t VALUES(4)' 'close a'
		[[ $output != *'exec 5'* && $(observer query a.db 'SELECT group_concat(x) FROM t') == 1,2,3,4 ]] || fail "$run"
	done
}

# In between, SQLite alone gives the file free for others to read: who enters WAL mode then commits to a -wal beside a header that
# denies it, which the next one to open the file takes for another file's.
@test "a connection that leaves WAL has the file alone until the header says so" {
	fresh
	cat >reader.py <<-'EOF'
		import fcntl, os, struct, sys
		fd = os.open(sys.argv[1], os.O_RDWR); lock = lambda kind: struct.pack('hhqqi', kind, 0, 0x40000002, 510, 0)
		is_free = lambda: struct.unpack('hhqqi', fcntl.fcntl(fd, fcntl.F_GETLK, lock(fcntl.F_RDLCK)))[0] == fcntl.F_UNLCK
		print(is_free(), flush=True)
		while is_free(): pass
		fcntl.fcntl(fd, fcntl.F_SETLKW, lock(fcntl.F_RDLCK)); print(*os.pread(fd, 2, 18))
	EOF
	# a reader that does not see the exclusive lock, as it does not run meanwhile, has missed it
	run_shim python3 -c "if 1:
		import sqlite3, subprocess, sys
		def look(path):
			c = sqlite3.connect(path, isolation_level=None); c.execute('CREATE TABLE t(x)')
			c.execute('PRAGMA wal_autocheckpoint=0'); c.execute('INSERT INTO t VALUES(zeroblob(40000000))')
			reader = subprocess.Popen([sys.executable, 'reader.py', path], stdout=subprocess.PIPE)
			reader.stdout.readline(); mode = c.execute('PRAGMA journal_mode=truncate').fetchone()[0]
			try: return mode + ' ' + reader.communicate(timeout=1)[0].decode().strip()
			except subprocess.TimeoutExpired: reader.kill()
		print(next(filter(None, map(look, map('{}.db'.format, range(20))))))"
	expect 'truncate 1 1'
	expect_quiet
}

# Another program may have left it so.
@test "a connection that leaves WAL in exclusive locking mode, and then that, lets others read beside its own reads" {
	for run in run_plain run_shim; do
		rm -f a.db*
		observer query a.db 'CREATE TABLE t(x); INSERT INTO t VALUES(1),(2)' >/dev/null
		$run python3 - <<-'EOF'
			import sqlite3, subprocess
			c = sqlite3.connect('a.db', isolation_level=None)
			for sql in ('journal_mode=wal', 'user_version=1', 'locking_mode=exclusive', 'user_version=2', 'journal_mode=delete', 'locking_mode=normal'):
			    c.execute('PRAGMA ' + sql).fetchall()
			reading = c.execute('SELECT x FROM t')
			reading.fetchone()
			c.execute('INSERT INTO t VALUES(3)')
			print('others', subprocess.run(['env', '-u', 'LD_PRELOAD', 'observer', 'query', 'a.db', 'SELECT count(*) FROM t'],
			    capture_output=True, text=True).stdout.strip())
		EOF
		expect_line 'others 3'
	done
}

@test "a rollback journal is set in a file that others have in WAL mode against its header" {
	for run in run_plain run_shim; do
		fresh
		$run python3 -c "if 1:
			import sqlite3, subprocess
			def connect(): return sqlite3.connect('a.db', isolation_level=None, timeout=1)
			b = connect(); b.execute('INSERT INTO t VALUES(1)')
			subprocess.run(\"unset LD_PRELOAD; printf '\\\\001\\\\001' | dd of=a.db bs=1 seek=18 conv=notrunc status=none\", shell=True, check=True)
			a = connect(); a.execute('SELECT x FROM t').fetchall(); a.execute('PRAGMA journal_mode=truncate').fetchall()
			a.execute('INSERT INTO t VALUES(2)'); b.execute('INSERT INTO t VALUES(3)')
			print(b.execute('SELECT group_concat(x) FROM t').fetchone()[0], connect().execute('PRAGMA integrity_check').fetchone()[0])"
		expect '1,2,3 ok'
		expect_quiet
	done
}

@test "where WAL cannot be left, PRAGMA journal_mode returns it, and synchronous stays normal" {
	fresh
	run_shim victim 'open b a.db' 'exec b SELECT x FROM t' 'open a a.db' 'exec a SELECT x FROM t' 'exec a PRAGMA journal_mode=truncate' \
		'exec a PRAGMA synchronous' 'exec a PRAGMA journal_mode'
	expect $'open 0\nexec 0\nopen 0\nexec 0\nwal\nexec 0\n1\nexec 0\nwal\nexec 0'
}

@test "where WAL can be left, the program's rollback journal is set, and later connections of the process do the same" {
	fresh
	run_shim victim 'open a a.db' 'exec a SELECT x FROM t' 'exec a PRAGMA journal_mode=truncate' 'exec a PRAGMA synchronous' \
		'open b a.db' 'exec b SELECT x FROM t' 'exec b PRAGMA journal_mode' 'exec a PRAGMA journal_mode'
	expect $'open 0\nexec 0\ntruncate\nexec 0\n2\nexec 0\nopen 0\nexec 0\ndelete\nexec 0\ntruncate\nexec 0'
}

@test "a file that was renamed is read on after a rollback journal was set, and writes are refused" {
	for schema in main b; do
		for run in run_plain run_shim; do
			rm -f -- *.db*
			$run python3 - $schema <<-'EOF'
				import os, sqlite3, sys
				schema = sys.argv[1]
				c = sqlite3.connect('a.db', isolation_level=None)
				c.execute("ATTACH 'b.db' AS b")
				c.execute(f'CREATE TABLE {schema}.t(x)'); c.execute('INSERT INTO t VALUES(1)')
				file = 'b.db' if schema == 'b' else 'a.db'
				other = sqlite3.connect('b.db'); other.execute('SELECT * FROM sqlite_master').fetchall()
				c.execute('SELECT x FROM t').fetchall(); other.close()
				os.rename(file, 'new.db')
				c.execute(f'PRAGMA {schema}.journal_mode=truncate').fetchall()
				for sql in 'SELECT x FROM t', 'UPDATE t SET x=2', 'SELECT x FROM t':
				    try: print(c.execute(sql).fetchall())
				    except sqlite3.Error as error: print(error)
			EOF
			expect $'[(1,)]\nattempt to write a readonly database\n[(1,)]'
		done
	done
}

@test "WAL that the program has set itself is left with SQLite's own error" {
	for run in run_plain run_shim; do
		fresh
		$run victim 'open b a.db' 'exec b PRAGMA journal_mode=wal' 'exec b SELECT x FROM t' 'open a a.db' 'exec a PRAGMA journal_mode=wal' \
			'exec a SELECT x FROM t' 'exec a PRAGMA journal_mode=truncate'
		expect_line 'exec 5 database is locked'
	done
}

@test "WAL that the program has set for an attached database is left with SQLite's own error" {
	for run in run_plain run_shim; do
		fresh
		$run victim 'open b b.db' 'exec b PRAGMA journal_mode=wal' 'exec b CREATE TABLE u(x)' 'open a a.db' "exec a ATTACH 'b.db' AS aux" \
			'exec a PRAGMA aux.journal_mode=wal' 'exec a SELECT x FROM u' 'exec a PRAGMA aux.journal_mode=truncate'
		expect_line 'exec 5 database is locked'
	done
}
