# Programs that read their own database files while they have them open, to copy or to send them: closing a file drops the locks that
# the process has on it.
load ../harness/harness

# read_own VICTIM FILE… - the files are read while the database is open; another program opens and closes it; then both write.
read_own() {
	local run file read=()
	for file in "${@:2}"; do
		read+=("read_file $file")
	done
	for run in run_plain run_shim; do
		rm -f ./*.db*
		barrier_make read
		[[ $run == run_shim ]] || read=('read_file a.db')
		${run/run/start} own "$1" 'open a a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' "${read[@]}" 'barrier read' \
			'exec a INSERT INTO t VALUES(3); SELECT count(*) FROM t' 'barrier wrote' 'exec a INSERT INTO t VALUES(5)' 'close a'
		own=$started
		barrier_make wrote
		barrier_meet read
		$run "$1" 'open b a.db' 'exec b INSERT INTO t VALUES(2)' 'close b'
		$run "$1" 'open b a.db' 'exec b SELECT count(*) FROM t' 'close b'
		expect $'open 0\n2\nexec 0\nclose 0'
		barrier_leave read
		barrier_meet wrote
		$run "$1" 'open b a.db' 'exec b INSERT INTO t VALUES(4); SELECT count(*) FROM t' 'close b'
		expect $'open 0\n4\nexec 0\nclose 0'
		barrier_leave wrote
		finish "$own" own
		expect $'open 0\nexec 0\n3\nexec 0\nexec 0\nclose 0'
		[[ $(observer query a.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'5\nok' ]] || fail "$run"
		rm -f read.* wrote.*
	done
}

@test "a program that reads its own database file loses no row when others close the database" {
	chmod 700 . # -wal and -shm are to go at the last close
	read_own victim a.db
	[[ $(ls ./*.db*) == ./a.db ]]
}

@test "a program that reads all files of its database loses no row, and is not hurt by others that open it" {
	chmod 700 .
	read_own victim a.db a.db-wal a.db-shm
	[[ $(ls ./*.db*) == ./a.db ]]
}

@test "an embedded SQLite whose program reads its own database file loses no row" {
	[[ -x $build/embedded/victim_gcc_O2 ]] || skip "make check-embedded builds it"
	chmod 700 .
	read_own "$build/embedded/victim_gcc_O2" a.db a.db-wal a.db-shm
}

@test "a program that read its own file still has it checkpointed and its -wal removed by its last close, and can leave WAL" {
	chmod 700 .
	# SQLite 3.51 and later look at the -shm's locks as well: the embedded one is new
	for victim in victim "$build/embedded/victim_gcc_O2"; do
		[[ $victim == victim || -x $victim ]] || continue
		rm -f ./*.db*
		run_shim "$victim" 'open a a.db' 'open b a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'read_file a.db' 'exec b SELECT * FROM t' \
			'close b' 'exec a INSERT INTO t VALUES(2)' 'exec a PRAGMA journal_mode=DELETE' 'exec a PRAGMA journal_mode=WAL' \
			'exec a INSERT INTO t VALUES(3)' 'close a'
		[[ $output == *$'\ndelete\n'*$'\nwal\n'* ]]
		[[ $(ls ./*.db*) == ./a.db && $(observer query a.db 'SELECT count(*) FROM t') == 3 ]]
	done
}

@test "a forked child that reads the file it inherited loses no row of either" {
	chmod 700 .
	cat >fork.py <<-'EOF'
		import os, sqlite3, subprocess, sys
		c = sqlite3.connect('a.db', isolation_level=None, timeout=30)
		c.execute('create table t(x)')
		pid = os.fork()
		open('a.db', 'rb').read(1)
		# another program closes the database
		subprocess.run([sys.executable, '-c', "import sqlite3; c = sqlite3.connect('a.db', timeout=30); c.execute('insert into t values(0)'); c.commit(); c.close()"], check=True)
		for i in range(20): c.execute('insert into t values(1)')
		if not pid: os._exit(0)
		os.waitpid(pid, 0)
		print(c.execute('select count(*) from t').fetchone()[0])
		c.close()
	EOF
	for run in run_plain run_shim; do
		rm -f ./*.db*
		$run python3 fork.py
		expect 42
		[[ $(observer query a.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'42\nok' ]] || fail "$run"
	done
}

# several_py - has three connections to a database in WAL mode, closes those that argv names, reads the file, and has another program
# close it. Prints whether the -wal is there still, the rows, and how many locks of open files the database and its -shm have.
several_py() {
	cat >several.py <<-'EOF'
		import os, sqlite3, subprocess, sys
		connections = [sqlite3.connect('a.db', isolation_level=None, timeout=30) for i in range(3)]
		connections[0].execute('pragma journal_mode=wal'); connections[0].execute('create table t(x)')
		for c in connections: c.execute('insert into t values(1)')
		for i in sys.argv[1]: connections[int(i)].close()
		open('a.db', 'rb').read(1)
		left = [c for i, c in enumerate(connections) if str(i) not in sys.argv[1]]
		inodes = [os.stat(name).st_ino for name in ('a.db', 'a.db-shm') if os.path.exists(name)]
		# of each open file of its own: /proc/locks may show one twice while other processes lock
		locks = []
		for fd in os.listdir('/proc/self/fd'):
		    try: lines = open('/proc/self/fdinfo/' + fd).readlines()
		    except FileNotFoundError: continue # listdir()'s own
		    locks += [line for line in lines if 'OFDLCK' in line and any(f':{inode} ' in line for inode in inodes)]
		# a fork, which the sanitizers make of a vfork, gives each connection locks of its own
		subprocess.run([sys.executable, '-c', "import sqlite3; c = sqlite3.connect('a.db', timeout=30); c.execute('insert into t values(0)'); c.commit(); c.close()"], check=True)
		print(os.path.exists('a.db-wal'), left[0].execute('select count(*) from t').fetchone()[0], len(locks), flush=True)
		for c in left: c.execute('insert into t values(2)')
		for c in left: c.close()
	EOF
}

@test "whichever of its connections close first, a program that reads its own file keeps its -wal when others close the database" {
	chmod 700 .
	several_py
	for closed in 0 1 2 01 10 02 12 21; do
		rm -f ./*.db*
		run_shim python3 several.py "$closed"
		# one lock on each file, however many connections there are
		expect 'True 4 2'
		[[ $(ls ./*.db*) == ./a.db ]] || fail "$closed: $(ls)"
		[[ $(observer query a.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $((7 - ${#closed}))$'\nok' ]] || fail "$closed"
	done
}

@test "without the library the -wal of a program that reads its own file goes when others close the database" {
	several_py
	run_plain python3 several.py 0
	[[ $output == False* ]]
}

# copy_py - commits, copies its database while it is open, and commits again; prints what the copy holds.
copy_py() {
	cat >copy.py <<-'EOF'
		import ctypes, os, shutil, sqlite3, subprocess, sys
		c = sqlite3.connect('a.db', isolation_level=None)
		d = sqlite3.connect('a.db', isolation_level=None)
		c.execute('create table t(x)'); c.execute('insert into t values(1)')
		if sys.argv[1] == 'copy': shutil.copy('a.db', 'b.db')
		elif sys.argv[1] == 'descriptor':
		    fd = os.open('a.db', os.O_RDONLY); open('b.db', 'wb').write(os.read(fd, 1 << 20)); os.close(fd)
		elif sys.argv[1].startswith('__open'):
		    fd = getattr(ctypes.CDLL(None), sys.argv[1])(*([-100] if 'at' in sys.argv[1] else []), b'a.db', os.O_RDONLY)
		    open('b.db', 'wb').write(os.read(fd, 1 << 20)); os.close(fd)
		elif sys.argv[1] == 'folder': shutil.copytree('.', 'copy'); shutil.copy('copy/a.db', 'b.db')
		elif sys.argv[1] == 'nofollow':
		    fd = os.open('a.db', os.O_RDONLY | os.O_NOFOLLOW); open('b.db', 'wb').write(os.read(fd, 1 << 20)); os.close(fd)
		elif sys.argv[1].startswith('freopen'):
		    libc = ctypes.CDLL(None); again = getattr(libc, sys.argv[1]); again.restype = libc.fopen.restype = ctypes.c_void_p
		    file = libc.fopen(b'/dev/null', b'r'); file = again(b'a.db', b'rb', ctypes.c_void_p(file))
		    data = ctypes.create_string_buffer(1 << 20)
		    size = libc.fread(data, 1, 1 << 20, ctypes.c_void_p(file)); libc.fclose(ctypes.c_void_p(file)); open('b.db', 'wb').write(data.raw[:size])
		elif sys.argv[1] == 'stream':
		    libc = ctypes.CDLL(None); libc.fopen.restype = ctypes.c_void_p
		    file = libc.fopen(b'a.db', b'r'); data = ctypes.create_string_buffer(1 << 20)
		    size = libc.fread(data, 1, 1 << 20, ctypes.c_void_p(file)); libc.fclose(ctypes.c_void_p(file)); open('b.db', 'wb').write(data.raw[:size])
		c.execute('insert into t values(2)')
		print(d.execute('select count(*) from t').fetchone()[0])
		b = sqlite3.connect('b.db'); print(b.execute('select count(*) from t').fetchone()[0], b.execute('pragma integrity_check').fetchone()[0]); b.close()
		c.close(); d.close()
	EOF
}

@test "a copy that a program makes of a database which it has open holds all that it has committed" {
	copy_py
	for way in copy descriptor nofollow folder stream freopen freopen64 __open_2 __open64_2 __openat_2 __openat64_2; do
		# glibc has these
		[[ $way != __* && $way != *64 ]] || python3 -c "import ctypes; ctypes.CDLL(None).$way" 2>/dev/null || continue
		for run in run_plain run_shim; do
			rm -rf ./*.db* copy
			$run python3 copy.py "$way"
			expect $'2\n1 ok'
			[[ $(observer query b.db 'SELECT count(*) FROM t') == 1 && $(observer query a.db 'SELECT count(*) FROM t') == 2 ]] || fail "$run $way"
		done
	done
}

@test "so it does where the connection's last statement was interrupted" {
	cat >interrupt.py <<-'EOF'
		import shutil, sqlite3, threading
		c = sqlite3.connect('a.db', isolation_level=None, check_same_thread=False)
		c.execute('create table t(x)'); c.execute('insert into t values(1)')
		threading.Timer(0.1, c.interrupt).start()
		try: c.execute('with recursive r(i) as (select 1 union all select i + 1 from r) select count(*) from r').fetchone()
		except sqlite3.OperationalError as e: print(e)
		shutil.copy('a.db', 'b.db')
		b = sqlite3.connect('b.db'); print(b.execute('select count(*) from t').fetchone()[0]); b.close()
	EOF
	for run in run_plain run_shim; do
		rm -f ./*.db*
		$run python3 interrupt.py
		expect $'interrupted\n1'
	done
}

# state_py - commits, begins a transaction or a SELECT, and copies the database meanwhile, or ends.
state_py() {
	cat >state.py <<-'EOF'
		import os, shutil, sqlite3, subprocess, sys
		state, way = sys.argv[1:3]
		c = sqlite3.connect('a.db', isolation_level=None)
		if len(sys.argv) > 3: c.execute('pragma journal_mode=wal')
		c.execute('create table t(x)'); c.executemany('insert into t values(?)', [(1,), (2,)])
		def copy():
		    if way == 'copy': shutil.copy('a.db', 'b.db')
		    elif way == 'cp': subprocess.run(['cp', 'a.db', 'b.db'], check=True)
		    elif way == 'size': size = os.stat('a.db').st_size; open('b.db', 'wb').write(open('a.db', 'rb').read(size))
		    elif way == '_exit': os._exit(0)
		    return 1
		c.create_function('copy', 0, copy)
		if state in ('begun', 'read', 'wrote'): c.execute('begin')
		if state == 'read': c.execute('select * from t').fetchall()
		if state == 'wrote': c.execute('insert into t values(3)')
		if state == 'select': cursor = c.execute('select * from t'); cursor.fetchone()
		if state == 'function': c.execute('select copy() from t limit 1').fetchone()
		else: copy()
		if c.in_transaction: c.execute('rollback')
		cursor = None; c.execute('insert into t values(4)'); print(c.execute('select count(*) from t').fetchone()[0])
	EOF
}

@test "a copy that is made inside a transaction, or while a statement runs, holds all that was committed before" {
	state_py
	for state in begun read wrote select function; do
		for way in copy cp size; do
			for run in run_plain run_shim; do
				rm -f ./*.db*
				$run python3 state.py $state $way
				expect 3
				[[ $(observer query b.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'2\nok' ]] || fail "$run $state $way"
			done
		done
	done
	# and with WAL by hand it does not
	rm -f ./*.db*
	run_plain python3 state.py select copy wal
	run_plain any observer query b.db 'SELECT count(*) FROM t'
	[[ $output$stderr != 2 ]]
}

@test "a program that ends inside a transaction, or while a statement runs, leaves in the file all that was committed" {
	state_py
	for state in begun read wrote select; do
		for run in run_plain run_shim; do
			rm -f ./*.db*
			$run python3 state.py $state _exit
			cp a.db b.db
			if [[ $run == run_shim || $state != wrote ]]; then # a journal belongs to the other file
				[[ $(observer query b.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'2\nok' ]] || fail "$run $state"
			fi
			[[ $(observer query a.db 'SELECT count(*) FROM t') == 2 ]]
		done
	done
}

@test "a program that reads its database file inside a transaction, or in a function that a statement calls, is not disturbed" {
	cat >inside.py <<-'EOF'
		import sqlite3
		c = sqlite3.connect('a.db', isolation_level=None)
		c.create_function('size', 0, lambda: len(open('a.db', 'rb').read()) > 0)
		c.execute('create table t(x)'); c.execute('begin'); c.execute('insert into t values(size())'); c.execute('select size()').fetchone(); c.execute('rollback')
		for row in c.execute('select 1 union all select 2'): size = open('a.db', 'rb').read(16)
		c.execute('insert into t select size()')
		print(size, c.execute('select * from t').fetchall()); c.close()
	EOF
	for run in run_plain run_shim; do
		rm -f ./*.db*
		$run python3 inside.py
		expect "b'SQLite format 3\\x00' [(1,)]"
	done
}

@test "children that close what they inherited take nothing from a parent that has read its own file" {
	chmod 700 .
	cat >children.py <<-'EOF'
		import os, sqlite3
		c = sqlite3.connect('a.db', isolation_level=None, timeout=30)
		c.execute('create table t(x)')
		bad = 0
		for i in range(6):
		    open('a.db', 'rb').close()
		    pid = os.fork()
		    if not pid:
		        d = sqlite3.connect('a.db', isolation_level=None, timeout=30)
		        d.execute('insert into t values(1)')
		        d.close(); c.close()
		        os._exit(0)
		    bad += os.waitpid(pid, 0)[1] != 0
		    c.execute('insert into t values(2)')
		print(bad, c.execute('select count(*) from t').fetchone()[0])
		c.close()
	EOF
	for run in run_plain run_shim; do
		rm -f ./*.db*
		$run python3 children.py
		expect '0 12'
		[[ $(observer query a.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'12\nok' && $(ls ./*.db*) == ./a.db ]] || fail "$run"
	done
}

# handed_py - commits, and has another process copy the database while it is open, or ends without closing it.
handed_py() {
	cat >handed.py <<-'EOF'
		import ctypes, multiprocessing, os, shutil, sqlite3, subprocess, sys
		way = sys.argv[1]
		c = sqlite3.connect('a.db', isolation_level=None)
		if len(sys.argv) > 2: c.execute('pragma journal_mode=wal')
		c.execute('create table t(x)'); c.execute('insert into t values(1)')
		cp = ['cp', 'a.db', 'b.db']
		if way == 'system': os.system('cp a.db b.db')
		elif way == 'popen':
		    libc = ctypes.CDLL(None); libc.popen.restype = ctypes.c_void_p; libc.pclose(ctypes.c_void_p(libc.popen(b'cp a.db b.db', b'r')))
		elif way == 'vfork': subprocess.run(cp, check=True)
		elif way == 'posix_spawn': os.waitpid(os.posix_spawn('/bin/cp', cp, os.environ), 0)
		elif way == 'posix_spawnp': os.waitpid(os.posix_spawnp('cp', cp, os.environ), 0)
		elif way == 'fork':
		    pid = os.fork()
		    if not pid: os.execvp('cp', cp)
		    os.waitpid(pid, 0)
		elif way == 'child':
		    child = multiprocessing.get_context('fork').Process(target=shutil.copy, args=('a.db', 'b.db')); child.start(); child.join()
		elif way == 'daemon':
		    if os.fork(): os.wait(); os._exit(0)
		    c.execute('delete from t'); c.execute('insert into t values(2)'); subprocess.run(cp, check=True); os._exit(0)
		elif way == '_exit': os._exit(0)
		elif way == '_Exit': ctypes.CDLL(None)._Exit(0)
		elif way == 'exit': ctypes.CDLL(None).exit(0)
		c.execute('insert into t values(2)'); c.close()
	EOF
}

@test "a copy that another program makes holds all that the one which started it has committed" {
	handed_py
	for way in system popen vfork posix_spawn posix_spawnp fork child daemon; do
		for run in run_plain run_shim; do
			rm -f ./*.db*
			$run python3 handed.py "$way"
			[[ $(observer query b.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'1\nok' ]] || fail "$run $way"
		done
	done
	# and with WAL by hand it does not
	rm -f ./*.db*
	run_plain python3 handed.py system wal
	run_plain any observer query b.db 'SELECT count(*) FROM t'
	[[ $output$stderr != 1 ]]
}

@test "a copy that a forked child has made holds what the child has committed by its parent's connection" {
	cat >inherited.py <<-'EOF'
		import os, shutil, sqlite3, subprocess
		c = sqlite3.connect('a.db', isolation_level=None)
		c.execute('create table t(x)'); c.execute('insert into t values(1)')
		if not os.fork():
		    c.execute('insert into t values(2)'); subprocess.run(['cp', 'a.db', 'b.db'])
		    c.execute('insert into t values(3)'); os.system('cp a.db c.db')
		    c.execute('insert into t values(4)'); shutil.copy('a.db', 'd.db')
		    c.execute('insert into t values(5)'); os._exit(0)
		os.wait(); subprocess.run(['cp', 'a.db', 'e.db'])
		c.execute('insert into t values(6)')
		print(c.execute('select count(*) from t').fetchall())
	EOF
	for run in run_plain run_shim; do
		rm -f ./*.db*
		$run python3 inherited.py
		expect '[(6,)]'
		for copy in b.db=2 c.db=3 d.db=4 e.db=5 a.db=6; do
			[[ $(observer query "${copy%=*}" 'SELECT count(*) FROM t; PRAGMA integrity_check') == "${copy#*=}"$'\nok' ]] || fail "$run $copy"
		done
	done
}

@test "a program that becomes another one, which copies the database, has all in the copy that it has committed" {
	cat >become.py <<-'EOF'
		import ctypes, os, sqlite3, sys
		way = sys.argv[1].encode()
		c = sqlite3.connect('a.db', isolation_level=None)
		if len(sys.argv) > 2: c.execute('pragma journal_mode=wal')
		c.execute('create table t(x)'); c.execute('insert into t values(1)')
		libc = ctypes.CDLL(None); path = b'cp' if b'p' in way else b'/bin/cp'
		words = [b'cp', b'a.db', b'b.db', None]; environment = (ctypes.c_char_p * 2)(os.fsencode('PATH=' + os.environ['PATH']), None)
		if way in (b'execl', b'execlp'): libc[way.decode()](path, *words)
		elif way == b'execle': libc.execle(path, *words, environment)
		else:
		    arguments = (ctypes.c_char_p * 4)(*words)
		    if way in (b'execv', b'execvp'): libc[way.decode()](path, arguments)
		    elif way == b'fexecve': libc.fexecve(os.open(path, os.O_RDONLY), arguments, environment)
		    elif way == b'execveat': libc.execveat(-100, path, arguments, environment, 0)
		    else: libc[way.decode()](path, arguments, environment)
	EOF
	for way in execl execle execlp execv execve execveat execvp execvpe fexecve; do
		python3 -c "import ctypes; ctypes.CDLL(None).$way" 2>/dev/null || continue
		for run in run_plain run_shim; do
			rm -f ./*.db*
			$run python3 become.py "$way"
			[[ $status == 0 && $(observer query b.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'1\nok' ]] || fail "$run $way"
		done
	done
	# and with WAL by hand it does not
	rm -f ./*.db*
	run_plain python3 become.py execv wal
	run_plain any observer query b.db 'SELECT count(*) FROM t'
	[[ $output$stderr != 1 ]]
}

@test "a program that opens its own database with immutable=1 beside another connection sees all that it has committed" {
	cat >immutable.py <<-'EOF'
		import sqlite3, sys
		c = sqlite3.connect('a.db', isolation_level=None)
		if len(sys.argv) > 1: c.execute('pragma journal_mode=wal')
		c.execute('create table t(x)')
		for n in range(1, 4):
		    c.execute('insert into t values(1)')
		    d = sqlite3.connect('file:a.db?immutable=1', uri=True)
		    assert d.execute('select count(*) from t').fetchone()[0] == n
		    d.close()
		print('all')
	EOF
	for run in run_plain run_shim; do
		rm -f a.db*
		$run python3 immutable.py
		expect all
	done
	rm -f a.db*
	run_plain any python3 immutable.py wal
	[[ $output != all ]]
}

@test "a program that ends without closing its database leaves all rows in the file" {
	handed_py
	for way in _exit _Exit exit; do
		for run in run_plain run_shim; do
			rm -f ./*.db*
			$run python3 handed.py "$way"
			cp a.db b.db
			[[ $(observer query b.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'1\nok' ]] || fail "$run $way"
			[[ $(observer query a.db 'SELECT count(*) FROM t') == 1 ]]
		done
	done
	rm -f ./*.db*
	run_plain python3 handed.py _exit wal
	cp a.db b.db
	run_plain any observer query b.db 'SELECT count(*) FROM t'
	[[ $output$stderr != 1 ]]
}

@test "an embedded SQLite leaves all rows in the file when its program starts another one, or ends" {
	[[ -x $build/embedded/victim_gcc_O2 ]] || skip "make check-embedded builds it"
	for run in run_plain run_shim; do
		rm -f ./*.db*
		$run "$build/embedded/victim_gcc_O2" 'open a a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'sh cp a.db b.db' \
			'exec a INSERT INTO t VALUES(2)' '_exit 0'
		cp a.db c.db
		[[ $(observer query b.db 'SELECT count(*) FROM t') == 1 && $(observer query c.db 'SELECT count(*) FROM t') == 2 ]] || fail "$run"
	done
}

@test "a program that asks for the size of its database before it copies it gets all of it" {
	cat >size.py <<-'EOF'
		import ctypes, os, sqlite3, sys
		c = sqlite3.connect('a.db', isolation_level=None)
		if len(sys.argv) > 1: c.execute('pragma journal_mode=wal')
		c.execute('create table t(x)')
		def copy(name, size, flags=os.O_RDONLY):
		    c.execute('begin'); c.executemany('insert into t values(?)', [('x' * 200,)] * 100); c.execute('commit')
		    n = size()
		    fd = os.open('a.db', flags); open('b.db', 'wb').write(os.read(fd, n)); os.close(fd)
		    b = sqlite3.connect('b.db')
		    try: print(name, b.execute('select count(*) from t').fetchone()[0], b.execute('pragma integrity_check').fetchone()[0])
		    except sqlite3.Error as e: print(name, e)
		    b.close()
		    os.unlink('b.db')
		def statx():
		    data = ctypes.create_string_buffer(256)
		    if ctypes.CDLL(None).statx(-100, b'a.db', 0, 0x7ff, data): return os.stat('a.db').st_size
		    return int.from_bytes(data.raw[40:48], sys.byteorder)
		folder = os.open('.', os.O_RDONLY)
		copy('stat', lambda: os.stat('a.db').st_size)
		copy('lstat', lambda: os.lstat('a.db').st_size)
		copy('fstatat', lambda: os.stat('a.db', dir_fd=folder).st_size)
		copy('statx', statx)
		copy('for writing', lambda: 1 << 30, os.O_RDWR)
		c.execute('insert into t values(1)'); os.stat('a.db')
		for row in c.execute('select 1 union select 2'): os.stat('a.db')
		c.execute('begin'); c.execute('insert into t values(1)'); os.stat('a.db'); c.execute('commit')
		print(c.execute('select count(*) from t').fetchone()[0]); c.close()
	EOF
	for run in run_plain run_shim; do
		rm -f a.db*
		$run python3 size.py
		expect $'stat 100 ok\nlstat 200 ok\nfstatat 300 ok\nstatx 400 ok\nfor writing 500 ok\n502'
	done
	rm -f a.db*
	run_plain python3 size.py wal
	[[ $output != *'stat 100 ok'* && ${lines[-1]} == 502 ]]
}

@test "a program that starts another one with a signal blocked is not disturbed" {
	cat >handler.py <<-'EOF'
		import os, signal, sqlite3
		c = sqlite3.connect('a.db', isolation_level=None)
		c.execute('create table t(x)')
		signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
		for i in range(20):
		    c.execute('insert into t values(1)'); os.system('true')
		    if i == 9: signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
		print(c.execute('select count(*) from t').fetchone()[0]); c.close()
	EOF
	for run in run_plain run_shim; do
		rm -f a.db*
		$run python3 handler.py
		expect 20
	done
}

# A daemon closes what it has inherited; its own files get the same numbers then.
@test "a forked child that has closed the database's descriptors writes into none of the files that have them now" {
	cat >daemon.py <<-'EOF'
		import os, sqlite3, sys, time
		c = sqlite3.connect('a.db', isolation_level=None)
		c.execute('create table t(x)'); c.execute('insert into t values(1)')
		if os.fork() == 0:
		    os.closerange(3, 64)
		    for i in range(12): os.open('file%d' % i, os.O_RDWR | os.O_CREAT)
		    open('ready', 'w').close()
		    while not os.path.exists('written'): time.sleep(0.01)
		    if sys.argv[1] == 'orphan':
		        while os.getppid() == int(sys.argv[2] if len(sys.argv) > 2 else open('parent').read()): time.sleep(0.01)
		    open('ended', 'w').close()
		    if sys.argv[1] == '_exit': os._exit(0)
		    sys.stdout.flush(); import ctypes; ctypes.CDLL(None).exit(0)
		open('parent', 'w').write(str(os.getpid()))
		while not os.path.exists('ready'): time.sleep(0.01)
		for i in range(50): c.execute('insert into t values(?)', ('x' * 500,))
		open('written', 'w').close()
		if sys.argv[1] == 'orphan': os.kill(os.getpid(), 9)
		os.wait()
		for i in range(50): c.execute('insert into t values(?)', ('x' * 500,))
		print(c.execute('select count(*) from t').fetchone()[0], c.execute('pragma integrity_check').fetchone()[0])
	EOF
	for run in run_plain run_shim; do
		for way in exit _exit; do
			rm -f a.db* file* ready written ended parent
			$run python3 daemon.py "$way"
			expect '101 ok'
			[[ -z $(find . -name 'file*' -size +0) ]]
		done
		rm -f a.db* file* ready written ended parent
		"${run/run/start}" orphan python3 daemon.py orphan
		wait "$started" || true
		until [[ -e ended ]]; do sleep 0.05; done
		sleep 0.5
		[[ -z $(find . -name 'file*' -size +0) && $(observer query a.db 'SELECT count(*) FROM t') == 51 ]]
	done
}
