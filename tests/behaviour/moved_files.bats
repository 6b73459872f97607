# A database whose file is renamed, linked, exchanged, replaced or deleted while it is open: nothing is lost, and later writes are
# refused as a rollback journal refuses them. tests/embedded/moved_files.bats has the same for programs that carry SQLite.
load ../harness/harness
load ../harness/moves

@test "a file that its own process renames or links has its rows under its new name, at once" {
	by_the_process victim
}

@test "a file that another process moves has its rows once it is closed" {
	by_another_process victim
}

@test "a process that is killed after it renamed its file leaves all rows in it" {
	killed_after_the_move victim
}

@test "a file that comes back to its name can be written again" {
	there_and_back victim
}

@test "two open files that are exchanged keep their rows" {
	exchanged victim
}

@test "a file that its process moves over an open one is not spoiled" {
	replaced_by_the_process victim
}

@test "a process that opens a moved file again while it is open by the old name sees all rows" {
	opened_again victim
}

@test "a file that is deleted while it is open leaves no -wal and no -shm" {
	deleted victim
}

@test "a file that is deleted and made again while it is open keeps its rows" {
	made_again victim
}

@test "a file that could not be deleted keeps its -wal, which another process moves after it" {
	cat >refused.py <<-'END'
		import os, signal, sqlite3, sys
		for folder in 'd', 'e': os.makedirs(folder)
		ours, other = os.pipe(), os.pipe()
		def moves(names):
		    for name in names: os.rename('d/' + name, 'e/' + name)
		if os.fork() == 0:
		    os.read(ours[0], 1)
		    moves(['a.db'])
		    os.write(other[1], b'x')
		    os.read(ours[0], 1)
		    moves(os.listdir('d'))
		    os.write(other[1], b'x')
		    os._exit(0)
		def other_moves():
		    os.write(ours[1], b'x')
		    os.read(other[0], 1)
		c, reader = (sqlite3.connect('d/a.db', isolation_level=None) for _ in range(2))
		if len(sys.argv) > 1: c.execute('PRAGMA journal_mode=WAL')
		c.execute('CREATE TABLE t(x)')
		reader.execute('BEGIN')
		reader.execute('SELECT * FROM t').fetchall()
		c.execute('INSERT INTO t VALUES(1)')
		try: os.rmdir('a.db', dir_fd=os.open('d', os.O_RDONLY))
		except OSError as error: print(error.strerror, flush=True)
		other_moves()
		os.listdir('d')
		other_moves()
		os.kill(os.getpid(), signal.SIGKILL)
	END
	for run in 'run_plain python3 refused.py by_hand' 'run_shim python3 refused.py'; do
		rm -rf d e
		$run || true
		expect 'Not a directory'
		[[ $(observer query e/a.db 'SELECT x FROM t') == 1 ]] || fail "$run: $(ls d e)"
	done
}

@test "the folder of a file that was deleted while it is open can be removed, and the file made again without a warning" {
	cat >delete.py <<-'END'
		import os, sqlite3
		def new(path='d/a.db'):
		    os.makedirs('d', exist_ok=True)
		    c = sqlite3.connect(path, isolation_level=None)
		    c.execute('CREATE TABLE t(x)')
		    c.execute('INSERT INTO t VALUES(1)')
		    return c
		def by_unlink(): os.unlink('d/a.db')
		def by_folder():
		    fd = os.open('d', os.O_RDONLY)
		    os.unlink('a.db', dir_fd=fd)
		    os.close(fd)
		def by_relative():
		    os.chdir('d')
		    os.remove('a.db')
		    os.chdir('..')
		def by_list():
		    for name in os.listdir('d'): os.unlink('d/' + name)
		for delete in by_unlink, by_folder, by_relative, by_list:
		    c = new()
		    delete()
		    os.rmdir('d')
		    print(c.execute('SELECT x FROM t').fetchall())
		c = new()
		by_unlink()
		print(os.system('rmdir d'))
		c = new()
		by_unlink()
		print(os.listdir('d'))
		c = new()
		by_unlink()
		d = new()
		print(c.execute('SELECT x FROM t').fetchall(), d.execute('SELECT x FROM t').fetchall())
		c.close()
		d.close()
		print(os.listdir('d'))
		by_unlink()
		c = new()
		os.link('d/a.db', 'd/b.db')
		by_unlink()
		try: os.rmdir('d')
		except OSError as error: print(error.strerror)
		c.close()
		print(sqlite3.connect('d/b.db').execute('SELECT x FROM t').fetchall())
	END
	for run in run_plain run_shim; do
		rm -rf d
		$run python3 delete.py
		expect_quiet
		expect $'[(1,)]\n[(1,)]\n[(1,)]\n[(1,)]\n0\n[]\n[(1,)] [(1,)]\n[\'a.db\']\nDirectory not empty\n[(1,)]'
	done
}

@test "a folder that is renamed takes its databases with it" {
	for run in run_plain run_shim; do
		rm -rf ./* && mkdir d
		$run victim 'open a d/a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'rename d e' \
			'sh observer query e/a.db "SELECT count(*) FROM t"' 'exec a INSERT INTO t VALUES(2)' 'close a'
		[[ $output == *$'\nrename 0\n1\nexec 8 '*$'\nclose 0' ]] || fail "$run"
		[[ $(observer query e/a.db 'SELECT count(*) FROM t') == 1 && $(ls e) == a.db ]]
	done
}

@test "os.replace and shutil.move, also across devices, publish all rows while the connection is open" {
	cat >move.py <<-'EOF'
		import os, shutil, sqlite3, sys
		with sqlite3.connect('a.db') as c: c.executescript('create table t(x); insert into t values(1);')
		{'replace': os.replace, 'move': shutil.move}[sys.argv[1]]('a.db', sys.argv[2])
		os.system('env -u LD_PRELOAD observer query %s "SELECT count(*) FROM t"' % sys.argv[2])
	EOF
	elsewhere=$(mktemp -d /dev/shm/sqlprod-test.XXXXXX)
	for run in run_plain run_shim; do
		for way in 'replace b.db' 'move c.db' "move $elsewhere/d.db"; do
			# shellcheck disable=SC2086 # two words
			$run python3 move.py $way
			[[ $output == 1 && $(observer query "${way#* }" 'SELECT count(*) FROM t') == 1 ]] || fail "$run $way"
			rm -f ./*.db* "$elsewhere"/*
		done
	done
	rm -r "$elsewhere"
}

@test "another process that opens a moved file reads what the first one has written" {
	for run in run_plain run_shim; do
		rm -rf ./*
		barrier_make held
		${run/run/start} holder victim "${made[@]}" 'barrier held' 'close a'
		holder=$started
		barrier_meet held
		mv a.db b.db
		$run victim 'open b b.db' 'exec b INSERT INTO t VALUES(2)' 'exec b SELECT count(*) FROM t' 'close b'
		expect $'open 0\nexec 0\n2\nexec 0\nclose 0'
		barrier_leave held
		finish "$holder" holder
		[[ $(observer query b.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'2\nok' ]] || fail "$run"
		rm held.*
		[[ $(ls) == b.db ]] || fail "$run: $(ls)"
	done
}

@test "a file that another process moves over an open one is not spoiled by that one's -wal" {
	for run in run_plain run_shim; do
		rm -rf ./*
		barrier_make held
		${run/run/start} holder victim "${made[@]}" 'barrier held' 'exec a INSERT INTO t VALUES(2)' 'close a'
		holder=$started
		barrier_meet held
		observer query new.db 'CREATE TABLE u(x); INSERT INTO u VALUES(1),(2),(3)' >/dev/null
		mv new.db a.db
		$run victim 'open b a.db' 'exec b INSERT INTO u VALUES(4)' 'exec b SELECT count(*) FROM u; PRAGMA integrity_check' 'close b'
		expect $'open 0\nexec 0\n4\nok\nexec 0\nclose 0'
		[[ $run == run_plain ]] || expect_warnings 1 "*a.db-wal is not this file's*"
		barrier_leave held
		finish "$holder" holder
		[[ $output == *"$refused"* ]] || fail "$run"
		[[ $(observer query a.db 'SELECT count(*) FROM u; PRAGMA integrity_check') == $'4\nok' ]]
		rm held.*
		[[ $(ls) == a.db ]] || fail "$run: $(ls)"
	done
}

@test "a file that another process moves over an open one is not spoiled for programs without the library, once that is closed" {
	moved_over_and_closed victim
}

@test "what is written to a file that was moved over an open one stays, whatever becomes of the program that has that open" {
	moved_over_and_used victim
}

@test "what is written to a file that was moved over an open one, and opened again by its new name, is there" {
	moved_over_and_opened_again victim
}

@test "a file that takes the place of one whose program has ended without closing it is what is read" {
	replaced_after_the_end victim
}

@test "two connections of one process that moves its file keep all rows" {
	run_shim victim "${made[@]}" 'open b a.db' 'exec b INSERT INTO t VALUES(2)' 'rename a.db b.db' 'exec b INSERT INTO t VALUES(3)' 'close a' \
		'sh observer query b.db "SELECT count(*) FROM t"' 'close b'
	[[ $output == *$'\nexec 8 attempt to write a readonly database\nclose 0\n2\nclose 0' ]]
	[[ $(ls) == b.db && $(observer query b.db 'SELECT count(*) FROM t') == 2 ]]
}

@test "a program that chose WAL itself may write to a moved file, and moves -wal and -shm itself" {
	for run in run_plain run_shim; do
		rm -rf ./*
		$run victim 'open a a.db' 'exec a PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'rename a.db b.db' \
			'rename a.db-wal b.db-wal' 'rename a.db-shm b.db-shm' "$write" 'close a'
		[[ $output == *$'\nrename 0\nrename 0\nrename 0\nexec 0\nclose 0' ]] || fail "$run"
		[[ $(observer query b.db 'SELECT count(*) FROM t') == 2 ]]
	done
}

@test "a file that its process renames has its rows although a connection that was opened later has not read it yet" {
	for run in run_plain run_shim; do
		rm -f ./*
		$run victim 'open a a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'open b a.db' 'rename a.db b.db' \
			'sh cp b.db c.db' 'close b' 'close a'
		[[ $(observer query c.db 'SELECT count(*) FROM t') == 1 && $(observer query b.db 'SELECT count(*) FROM t') == 1 ]] || fail "$run"
	done
}

@test "a file that its process renames or deletes before it reads it can be read" {
	moved_before_the_first_read victim
}

@test "what a backup has made can be read when it is published or deleted before that" {
	cat >backup.py <<-'EOF'
		import os, sqlite3, sys
		a, b = sqlite3.connect('a.db'), sqlite3.connect('b.db')
		a.executescript('create table t(x); insert into t values(1);')
		a.backup(b)
		os.replace('b.db', 'c.db') if sys.argv[1] == 'replace' else os.remove('b.db')
		print(b.execute('select count(*) from t').fetchone()[0])
		try: b.execute('insert into t values(2)')
		except sqlite3.Error as error: print(error)
	EOF
	for run in run_plain run_shim; do
		for way in replace remove; do
			rm -f ./*.db*
			$run python3 backup.py $way
			expect $'1\nattempt to write a readonly database'
			[[ $way == remove || $(observer query c.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'1\nok' ]] || fail "$run $way"
			[[ $(echo ./*.db*) == ./a.db || $(echo ./*.db*) == './a.db ./c.db' ]] || fail "$run $way: $(ls)"
		done
	done
}

@test "a write right after another process has moved the file is refused, a hundred times in each way" {
	cat >move.py <<-'EOF'
		import ctypes, os, sqlite3, subprocess, sys
		def exchange(a, b): return ctypes.CDLL(None).renameat2(-100, a, -100, b, 2)
		ways = {
		    'renamed': (lambda: os.rename('a.db', 'b.db'), lambda: os.rename('b.db', 'a.db')),
		    'exchanged': (lambda: exchange(b'a.db', b'other'), lambda: exchange(b'a.db', b'other')),
		    'replaced': (lambda: (os.link('a.db', 'kept'), os.rename('new', 'a.db')), lambda: (os.rename('a.db', 'new'), os.rename('kept', 'a.db'))),
		    'deleted': (lambda: (os.link('a.db', 'kept'), os.unlink('a.db')), lambda: os.rename('kept', 'a.db')),
		}
		if sys.argv[1:]:
		    for line in sys.stdin:
		        there, way = line.split()
		        ways[way][there == 'back']()
		        os.write(1, b'.')
		    sys.exit()
		mover = subprocess.Popen(['env', '-u', 'LD_PRELOAD', sys.executable, 'move.py', 'mover'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
		def move(there, way):
		    mover.stdin.write(f'{there} {way}\n'.encode())
		    mover.stdout.read(1)
		open('other', 'w').close()
		open('new', 'w').close()
		connection = sqlite3.connect('a.db', isolation_level=None)
		connection.executescript('pragma synchronous=off; create table t(x)')
		for time in range(400):
		    way = list(ways)[time % 4]
		    for _ in range(time % 40 + 1): connection.execute('insert into t values(1)')
		    move('away', way)
		    try: connection.execute('insert into t values(2)')
		    except sqlite3.OperationalError as error: assert 'readonly' in str(error), error
		    else: print('written though', way)
		    move('back', way)
		print(connection.execute('select count(*), max(x) from t').fetchone(), connection.execute('pragma integrity_check').fetchone()[0])
	EOF
	for run in run_plain run_shim; do
		rm -f a.db* other new kept
		$run python3 move.py
		expect '(8200, 1) ok'
	done
}

@test "a file that is copied over one which another program put into WAL mode is used as without the library" {
	observer query a.db 'CREATE TABLE t(x); INSERT INTO t VALUES(1)' >/dev/null
	cp a.db backup.db
	for run in run_plain run_shim; do
		rm -f a.db*
		cp backup.db a.db
		# query_only puts the switch off for a second, and the other program is faster
		$run victim 'open a a.db' 'exec a PRAGMA query_only=on' 'exec a SELECT count(*) FROM t' \
			"sh observer query a.db 'PRAGMA journal_mode=wal; INSERT INTO t VALUES(2)'" 'exec a SELECT count(*) FROM t' \
			'exec a PRAGMA query_only=off' 'sh cp backup.db a.db; sleep 1.2' 'exec a SELECT count(*) > 0 FROM t' 'exec a INSERT INTO t VALUES(3)' \
			'exec a SELECT x FROM t WHERE x = 3' 'close a'
		expect $'open 0\nexec 0\n1\nexec 0\nwal\n2\nexec 0\nexec 0\n1\nexec 0\nexec 0\n3\nexec 0\nclose 0'
	done
}

# The library does not see it move: by recipe it is not in WAL mode, with a SQLite that says which VFS it is.
@test "a file that is moved has its rows at once, and a write is refused, with a VFS of the program's own too" {
	sqlite_has 3012000 || skip "before 3.12 SQLite does not say which VFS it is"
	kept_by_an_own_vfs victim
}

# Nor does it where the operator sets WAL. Without the library a write after that is refused.
@test "a file that is moved has its rows once it is closed, where the operator sets WAL for a VFS of the program's own" {
	for move in 'rename a.db b.db' 'sh mv a.db b.db'; do
		for close in close close_v2; do
			for run in run_plain:1 run_shim:1,2; do
				rm -f ./*
				SQLPROD_JOURNAL_MODE=wal ${run%:*} victim 'vfs own' 'open_v2 a file:a.db?vfs=own rw,create,uri' 'exec a CREATE TABLE t(x)' 'exec a INSERT INTO t VALUES(1)' \
					"$move" "$write" "$close a"
				[[ ${lines[-1]} == "$close 0" && $(observer query b.db 'SELECT group_concat(x) FROM t; PRAGMA integrity_check') == "${run#*:}"$'\nok' ]] || fail "$run $move"
			done
		done
	done
}

@test "a file that another process moves over one whose program closes it, or ends, inside a transaction is not spoiled" {
	cat >inside.py <<-'END'
		import os, sqlite3, sys
		way, late = sys.argv[1], len(sys.argv) > 2
		os.environ.pop('LD_PRELOAD', None)
		ours, other = os.pipe(), os.pipe()
		if os.fork() == 0:
		    os.read(ours[0], 1)
		    if late: os.system("sqlite3 a.db 'INSERT INTO t VALUES(2)'")
		    os.system('mv a.db kept.db; mv other.db a.db')
		    os.write(other[1], b'x')
		    os._exit(0)
		c = sqlite3.connect('a.db', isolation_level=None)
		c.execute('CREATE TABLE t(x)')
		c.execute('INSERT INTO t VALUES(1)')
		c.execute('BEGIN')
		if not late: c.execute('SELECT * FROM t').fetchall(); os.system('true')
		os.write(ours[1], b'x')
		os.read(other[0], 1)
		if late: c.execute('SELECT * FROM t').fetchall()
		if way == 'close': c.close()
		if way == '_exit': os._exit(0)
	END
	for run in run_plain run_shim; do
		for way in close _exit exit 'close late' 'exit late'; do
			rm -f ./*.db*
			observer query other.db 'CREATE TABLE t(x); INSERT INTO t VALUES(7)'
			# shellcheck disable=SC2086
			SQLPROD_BEGIN=reserve "$run" python3 inside.py $way
			[[ $(observer query a.db 'SELECT x FROM t') == 7 ]] || fail "$run $way: $(ls)"
			expected=1
			[[ $way != *late ]] || expected=$'1\n2'
			[[ $(observer query kept.db 'SELECT x FROM t') == "$expected" ]] || fail "$run $way: $(ls)"
		done
	done
}
