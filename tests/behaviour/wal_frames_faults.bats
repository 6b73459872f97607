# The calls that write a transaction's frames to the -wal: how many they are, and what becomes of them where one fails.
load ../harness/harness

by_hand='PRAGMA journal_mode=wal; PRAGMA synchronous=normal; PRAGMA wal_autocheckpoint=100000'
transaction='BEGIN IMMEDIATE; INSERT INTO t VALUES(randomblob(3000)); UPDATE u SET n=n+1; COMMIT'

make_database() {
	rm -f t.db*
	observer query t.db 'CREATE TABLE t(x); CREATE TABLE u(n); INSERT INTO u VALUES(0)' >/dev/null
}

# count_writes LIBRARY - sets count to the number of calls that write fifty such transactions to the -wal.
count_writes() {
	make_database
	run_app env FAULT_FILES=/t.db-wal FAULT_CALLS=write FAULT_COUNT="$scratch/count" LD_PRELOAD="$1${1:+:}$build/programs/fault_io.so" \
		victim 'open a t.db' "exec a $by_hand" quiet 'repeat 50' "exec a $transaction" end 'close a'
	count=$(<"$scratch/count")
	[[ $(observer query t.db 'SELECT n, (SELECT count(*) FROM t) FROM u') == '50|50' ]]
}

@test "a transaction is written to the -wal by one call" {
	count_writes "$preload"
	((count <= 60))
}

@test "without the library it is written by two calls for each page" {
	count_writes ""
	((count >= 200))
}

@test "a write that fails in a transaction larger than the cache leaves all of it or nothing" {
	PYTHONDONTWRITEBYTECODE=1 run_app python3 "$root/tests/stress/faults/inject.py" "$build" "$scratch/faults" --scene 11 --stride 3 \
		--fault 'ENOSPC once,ENOSPC from then on,short read or write,kill in the middle of a write'
}

@test "a read that finds the disk full, in a transaction larger than the cache that goes on, loses nothing that it has written" {
	for library in "" "$preload:"; do
		for at in 1 2 3; do
			make_database
			observer query t.db 'CREATE TABLE log(n UNIQUE NOT NULL); PRAGMA journal_mode=wal' >/dev/null
			run_app env FAULT_FILES=/t.db-wal FAULT_CALLS=write FAULT=ENOSPC FAULT_AT=$at LD_PRELOAD="$library$build/programs/fault_io.so" \
				python3 - <<-'EOF'
					import sqlite3
					c = sqlite3.connect('t.db', isolation_level=None)
					c.execute('PRAGMA cache_size=5')
					c.execute('PRAGMA cache_spill=1')
					def tries(sql):
					    try: c.execute(sql)
					    except sqlite3.OperationalError: return False
					    return True
					tries('BEGIN IMMEDIATE')
					wrote = 0
					for i in range(12): wrote = wrote + tries('INSERT INTO t VALUES(zeroblob(3000))') if c.in_transaction else 0
					logged = tries('INSERT INTO log SELECT rowid FROM t WHERE length(x)=3000') and c.in_transaction
					committed = c.in_transaction and tries('COMMIT')
					print('rows', (wrote if committed else 0), (wrote if committed and logged else 0))
				EOF
			[[ $(observer query t.db 'PRAGMA integrity_check') == ok ]] || fail "damage with ${library:-nothing} at $at"
			expect_line "rows $(observer query t.db 'SELECT (SELECT count(*) FROM t WHERE length(x)=3000)||" "||(SELECT count(*) FROM log)')"
		done
	done
}
