# Images of databases in WAL mode.
load ../harness/harness

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
