# Images of databases in WAL mode.
load ../harness/harness
load ../harness/scenes

serialize_py() {
	cat >s.py <<-'EOF'
		import ctypes, ctypes.util, sqlite3, sys
		if not hasattr(sqlite3.Connection, 'serialize'): print('none'); sys.exit()
		c = sqlite3.connect('a.db', isolation_level=None)
		if len(sys.argv) > 1: c.execute(sys.argv[1])
		c.execute('create table if not exists t(x)'); c.execute('insert into t values(42)')
		image = c.serialize()
		m = sqlite3.connect(':memory:'); m.deserialize(image)
		try: print(m.execute('select x from t').fetchone()[0], image[18], image[19])
		except sqlite3.Error as e: print(e)
	EOF
}

@test "sqlite3_serialize() gives an image that can be read" {
	serialize_py
	for run in run_plain run_shim; do
		rm -f a.db*
		$run python3 s.py
		[[ $output != none ]] || skip "this Python has no serialize()"
		expect '42 1 1'
	done
}

@test "a program that chose WAL gets the same image from sqlite3_serialize() as without the library" {
	serialize_py
	for run in run_plain run_shim; do
		rm -f a.db*
		$run python3 s.py 'pragma journal_mode=wal'
		[[ $output != none ]] || skip "this Python has no serialize()"
		expect 'unable to open database file'
	done
}

# memory_py - puts a.db into memory: as the bytes of its file, and by a backup.
memory_py() {
	cat >m.py <<-'EOF'
		import sqlite3, sys
		if not hasattr(sqlite3.Connection, 'deserialize'): print('none'); sys.exit()
		c = sqlite3.connect('a.db', isolation_level=None)
		for sql in sys.argv[1:]: c.execute(sql).fetchall()
		c.execute('create table if not exists t(x)'); c.execute('insert into t values(42)'); c.close()
		def shows(m):
		    try:
		        print(m.execute('select x from t').fetchone()[0], m.execute('select count(*) from t').fetchone()[0])
		        m.execute('begin'); m.execute('insert into t values(43)'); m.execute('commit')
		        print(*m.execute('select max(x), count(*) from t').fetchone(), m.execute('pragma integrity_check').fetchone()[0])
		    except sqlite3.Error as e: print(e)
		def image():
		    m = sqlite3.connect(':memory:', isolation_level=None); m.deserialize(open('a.db', 'rb').read()); return m
		c = sqlite3.connect('a.db', isolation_level=None)
		for sql in sys.argv[1:]: c.execute(sql).fetchall()
		shows(image())
		shared = sqlite3.connect('file:/shared?vfs=memdb', uri=True, isolation_level=None), sqlite3.connect('file:/shared?vfs=memdb', uri=True, isolation_level=None)
		def copied(target, reader, pages):
		    try: c.backup(target, pages=pages)
		    except sqlite3.Error as e: print(e)
		    else: shows(reader)
		copied(shared[0], shared[0], 1); copied(shared[0], shared[1], -1); m = image(); copied(m, m, -1)
	EOF
	rm -f a.db*
}

@test "the bytes of a database's file can be read as a database in memory, and a backup onto one in memory too" {
	for run in run_plain run_shim; do
		memory_py
		$run python3 m.py
		[[ $output != none ]] || skip "this Python has no deserialize()"
		expect "$(printf '42 1\n43 2 ok\n%.0s' 1 2 3 4)"
	done
	expect_quiet
}

@test "a program that chose WAL cannot read such databases in memory, as without the library" {
	for run in run_plain run_shim; do
		memory_py
		$run python3 m.py 'pragma journal_mode=wal'
		[[ $output != none ]] || skip "this Python has no deserialize()"
		expect_line 'unable to open database file'
		[[ $output != *42* ]] || fail "$run"
	done
}

@test "an image in memory that cannot be written is read as well, and stays as it is" {
	sqlite_has 3036000 || skip "without sqlite3_deserialize()"
	for way in linked found; do
		twin $way mapped_image
		[[ $output == *$'\ndeserialize 0, 42, read 0\ndeserialize 0, 42, read 0' ]] || fail $way
	done
}

@test "an image in memory is read, written, copied and made an image again, also by an embedded copy" {
	sqlite_has 3036000 || skip "without sqlite3_deserialize()"
	for way in linked found; do
		twin $way image
		[[ $output == $'1\ndeserialize 0\n2\n'*$'4\nok\nmemory\nstep 101, finish 0\n4\n'*$'\ndeserialize 0\n4\n'*$'\n3\nclose 0' ]] || fail $way
	done
}

@test "a program that chose WAL gets from an image in memory what SQLite gives, also by an embedded copy" {
	sqlite_has 3036000 || skip "without sqlite3_deserialize()"
	for way in linked found; do
		twin $way wal_image
		[[ $output == *'SELECT count(*) FROM t: 14 unable to open database file'* ]] || fail $way
	done
}

@test "VACUUM INTO and the backup API make whole files, while the database is open" {
	for run in run_plain run_shim; do
		rm -f ./*.db*
		$run victim 'open a a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' "exec a VACUUM INTO 'v.db'" \
			'sh observer query v.db "SELECT count(*) FROM t"' 'close a'
		[[ $output == *$'\n1\nclose 0' ]]
		$run python3 -c "import sqlite3; a = sqlite3.connect('a.db'); a.backup(sqlite3.connect('b.db')); m = sqlite3.connect(':memory:'); a.backup(m); print(m.execute('select count(*) from t').fetchone()[0])"
		[[ $output == 1 && $(observer query b.db 'SELECT count(*) FROM t') == 1 ]]
	done
}

# backup_py - copies a database with pages of 1024 bytes onto one with pages of 4096.
backup_py() {
	cat >b.py <<-'EOF'
		import sqlite3, sys
		if not hasattr(sqlite3.Connection, 'backup'): print('none'); sys.exit()
		target = sqlite3.connect('b.db', isolation_level=None)
		for sql in sys.argv[1:]: target.execute(sql).fetchall()
		source = sqlite3.connect('a.db', isolation_level=None)
		try: source.backup(target)
		except sqlite3.Error as e: print(e)
		else: print(*target.execute('SELECT x FROM t').fetchone(), *target.execute('PRAGMA page_size').fetchone())
		try: target.execute('INSERT INTO t VALUES(8)')
		except sqlite3.Error as e: print(e)
	EOF
	rm -f ./*.db*
	observer query a.db 'PRAGMA page_size=1024; CREATE TABLE t(x); INSERT INTO t VALUES(7)' >/dev/null
}

@test "a backup onto a database of another page size works, whether the program has used it before or not" {
	for way in '' 'INSERT INTO old VALUES(1)'; do
		for run in run_plain run_shim; do
			backup_py
			# it is in WAL mode from an earlier day
			$run victim 'open a b.db' 'exec a CREATE TABLE old(x); INSERT INTO old VALUES(0)' 'close a'
			$run python3 b.py ${way:+"$way"}
			[[ $output != none ]] || skip "this Python has no backup()"
			expect '7 1024'
			[[ $(observer query b.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'2\nok' ]]
		done
	done
	expect_quiet
}

@test "a backup onto a database of another page size that others use in WAL mode fails, with a warning" {
	backup_py
	barrier_make held
	start_shim holder victim 'open a b.db' 'exec a CREATE TABLE old(x); INSERT INTO old VALUES(0)' 'barrier held' 'exec a SELECT * FROM old' 'close a'
	holder=$started
	barrier_meet held
	run_shim python3 b.py
	[[ $output != none ]] || skip "this Python has no backup()"
	expect_line 'attempt to write a readonly database'
	expect_warnings 1 '*a backup onto *b.db fails*'
	barrier_leave held
	finish "$holder" holder
	expect $'open 0\nexec 0\n0\nexec 0\nclose 0'
}

@test "a backup onto a database of another page size fails as without the library where the program chose WAL" {
	for run in run_plain run_shim; do
		backup_py
		$run python3 b.py 'PRAGMA journal_mode=WAL' 'CREATE TABLE old(x)'
		[[ $output != none ]] || skip "this Python has no backup()"
		expect_line 'attempt to write a readonly database'
	done
}

@test "PRAGMA page_size and VACUUM change the page size of a database that is in WAL mode by recipe" {
	for way in 'exec a VACUUM' 'get_table a VACUUM' 'prepare a s v2 -1 VACUUM'; do
		then=()
		[[ $way != prepare* ]] || then=('step s' 'finalize s')
		for run in run_plain run_shim; do
			rm -f ./*.db*
			$run victim 'open a a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(7)' 'close a'
			$run victim 'open a a.db' 'exec a SELECT x FROM t' 'exec a PRAGMA page_size=8192' "$way" "${then[@]}" \
				'exec a INSERT INTO t VALUES(8)' 'close a'
			[[ $(observer query a.db 'PRAGMA page_size; SELECT count(*) FROM t; PRAGMA integrity_check') == $'8192\n2\nok' ]] || fail "$run $way"
		done
	done
}

@test "a program that chose WAL has its page size kept by VACUUM, as without the library" {
	for run in run_plain run_shim; do
		rm -f ./*.db*
		$run victim 'open a a.db' 'exec a PRAGMA journal_mode=WAL; CREATE TABLE t(x); PRAGMA page_size=8192; VACUUM' 'close a'
		[[ $(observer query a.db 'PRAGMA page_size') == 4096 ]] || fail "$run"
	done
}
