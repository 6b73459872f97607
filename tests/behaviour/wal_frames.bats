# The frames of a transaction are written to the -wal by one call, and what SQLite promises of them holds.
load ../harness/harness

by_hand='PRAGMA journal_mode=wal; PRAGMA synchronous=normal; PRAGMA wal_autocheckpoint=100000'

make_database() {
	rm -f t.db*
	observer query t.db 'CREATE TABLE t(x); CREATE TABLE u(n); INSERT INTO u VALUES(0)' >/dev/null
}

spill=('open a t.db' "exec a $by_hand; PRAGMA cache_size=2; PRAGMA cache_spill=1" 'exec a BEGIN IMMEDIATE'
	'exec a WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM i WHERE n<200) INSERT INTO t SELECT zeroblob(3000) FROM i'
	'exec a SELECT count(*), sum(length(x)) FROM t' 'exec a SAVEPOINT s' 'exec a UPDATE t SET x=zeroblob(2000)'
	'exec a SELECT count(*), sum(length(x)) FROM t' 'exec a ROLLBACK TO s' 'exec a SELECT count(*), sum(length(x)) FROM t'
	'exec a UPDATE t SET x=zeroblob(1000) WHERE rowid%2' 'exec a COMMIT' 'exec a SELECT count(*), sum(length(x)) FROM t'
	'exec a BEGIN' 'exec a DELETE FROM t' 'exec a ROLLBACK' 'exec a UPDATE u SET n=n+1' 'exec a PRAGMA integrity_check')

@test "a transaction larger than the cache reads what it has written, and is rolled back in part" {
	make_database
	run_plain victim "${spill[@]}"
	wanted=$output
	expect_line '200|400000'
	make_database
	run_shim victim "${spill[@]}"
	expect "$wanted"
	[[ $(observer query t.db 'SELECT n, (SELECT sum(length(x)) FROM t) FROM u') == '1|400000' ]]
}

@test "another process reads a transaction once it has committed, and nothing of it before" {
	for run in run_plain run_shim; do
		make_database
		observer query t.db 'PRAGMA journal_mode=wal' >/dev/null
		$run python3 - <<-'EOF'
			import sqlite3, subprocess
			c = sqlite3.connect('t.db', isolation_level=None)
			def seen(): return subprocess.run(['env', '-u', 'LD_PRELOAD', 'observer', 'query', 't.db', 'SELECT n, (SELECT count(*) FROM t) FROM u'],
			    capture_output=True, text=True, check=True).stdout.strip()
			c.executescript('PRAGMA cache_size=2; PRAGMA cache_spill=1; BEGIN IMMEDIATE')
			for i in range(100): c.execute('INSERT INTO t VALUES(zeroblob(3000))')
			c.execute('UPDATE u SET n=7')
			before = seen()
			c.execute('COMMIT')
			print(before, seen())
		EOF
		expect '0|0 7|100'
	done
}
